#!/bin/sh
# Every shell script passes shellcheck.
set -eu
command -v shellcheck >/dev/null || { echo "skipped: shellcheck is not installed"; exit 0; }
git ls-files -z -- '*.sh' .ci/run | xargs -0 shellcheck
