#!/bin/sh
# Includes may only point down: lib/layers.txt is the table. Also proves that the check itself can fail.
set -eu
find lib agent collector cloudtrail scanner cli -name '*.[ch]' -print0 | xargs -0 awk -f lib/layers.awk lib/layers.txt

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
mkdir -p "$probe/lib/base"
echo '#include "rules/ruleset.h"' >"$probe/lib/base/wrong.c"
cp lib/layers.txt lib/layers.awk "$probe/lib/"
if (cd "$probe" && awk -f lib/layers.awk lib/layers.txt lib/base/wrong.c >/dev/null); then
	echo "the layer check accepts an include that points up" >&2
	exit 1
fi
