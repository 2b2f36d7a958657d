#!/bin/sh
# Runs the programs of the build over data that nobody here wrote, and prints "name passed/total" a line.
# usage: tests/corpora/run.sh [--only NAME] [DIR]   DIR is shaped like ../shared/corpora: a folder for each NAME.
# Exit code: 0 all passed, 1 some did not, 77 there is nothing to run. CLEWLINE_SHOW_FAILURES=1 says which.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
only=
if [ "${1:-}" = --only ]; then
	only=$2
	shift 2
fi
shared=${CLEWLINE_SHARED:-$root/../shared}
dir=${1:-$shared/corpora}
if [ ! -d "$dir" ]; then
	echo "skipped: no corpora in \"$dir\" (CLEWLINE_SHARED names the folder above them)"
	exit 77
fi
build=${CLEWLINE_BUILD:-$root/build/dev}
status=77
for program in "$build"/tests/corpora_*; do
	name=${program##*/corpora_}
	[ -x "$program" ] || continue
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	done=0
	"$program" "$dir/$name" || done=$?
	[ "$done" = 77 ] && continue
	[ "$status" = 1 ] || status=$((done != 0))
done
exit "$status"
