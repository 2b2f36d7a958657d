#!/bin/sh
# Every header compiles alone, begins with #pragma once, and says in its first comment what it is for.
set -eu
bad=0
# shellcheck disable=SC2044 # no blanks in our file names
for header in $(find lib agent collector cloudtrail scanner cli -name '*.h' ! -name '*.bpf.h' ! -path '*/bpf/kernel/*'); do
	if ! echo "#include \"$header\"" | gcc -std=gnu17 -D_GNU_SOURCE -DCLEWLINE_VERSION='"0"' -Wall -Wextra -Werror -Ilib -I. \
		-fsyntax-only -x c -; then
		bad=1
	fi
	grep -q '^#pragma once' "$header" || { echo "$header: no #pragma once"; bad=1; }
	head -n 2 "$header" | grep -q "$(basename "$header"):" || { echo "$header: its first comment must begin with its name"; bad=1; }
done
exit $bad
