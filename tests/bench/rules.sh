#!/bin/sh
# CPU time of the rule engine on one core. usage: tests/bench/run.sh rules; CLEWLINE_SHARED names the folder with Falco's own files.
set -eu
bin=$1
build=$(dirname "$bin")
top=$(cd "$(dirname "$0")/../.." && pwd)
files=${CLEWLINE_SHARED:-$top/../shared}/corpora/falco/rules
captures=${CLEWLINE_SHARED:-$top/../shared}/corpora/falco/captures
ninja -C "$build" rules_bench rules_replay >/dev/null
set --
if [ -d "$files" ]; then
	set -- "$files/falco_rules.yaml" "$files/falco-incubating_rules.yaml" "$files/aws_cloudtrail_rules.yaml"
else
	echo "no official files in \"$files\": made-up rules alone"
fi
bench=$build/bin/rules_bench
taskset -c 0 "$bench" "$@"
if ! command -v sysdig >/dev/null || [ ! -d "$captures" ] || [ $# -eq 0 ]; then
	echo "no peer: it takes sysdig, the captures in \"$captures\" and the official files"
	exit 0
fi
exec "$(dirname "$0")/rules_peer.py" "$bin" "$captures" "$1" "$2"
