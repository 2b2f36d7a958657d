#!/bin/sh
# The sources are formatted as .clang-format says. "tests/lint/format.sh --fix" formats them.
set -eu
command -v clang-format-14 >/dev/null || { echo "skipped: clang-format-14 is not installed"; exit 0; }
files=$(find lib agent collector cloudtrail scanner cli tests deploy -name '*.[ch]')
if [ "${1:-}" = --fix ]; then
	# shellcheck disable=SC2086
	clang-format-14 -i $files
else
	# shellcheck disable=SC2086
	clang-format-14 --dry-run --Werror $files
fi
