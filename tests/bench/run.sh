#!/bin/sh
# Prints our figure beside the peer's or the physical limit, measured in one run: tests/bench/run.sh NAME
#
# NAME is a file beside this one: sensor (sensor.py) ... Uses the release build. Nothing here decides anything: figures depend on
# the machine, ratios within one run less so. docs/benchmarks.md records results with command and date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
name=${1:-}
[ $# -eq 0 ] || shift

for candidate in "$here/$name.sh" "$here/$name.py"; do
	if [ -n "$name" ] && [ -x "$candidate" ] && [ "$name" != run ]; then
		[ -x "$top/build/release/bin/secagent" ] || { echo "bench: no release build: cmake --preset release && ninja -C build/release" >&2; exit 1; }
		exec "$candidate" "$top/build/release/bin" "$@"
	fi
done
echo "usage: tests/bench/run.sh NAME, one of:" >&2
find "$here" -maxdepth 1 -type f -perm -u+x ! -name run.sh -printf '  %f\n' | sed 's/\.[a-z]*$//' | sort >&2
exit 2
