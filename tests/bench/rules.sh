#!/bin/sh
# CPU time of the rule engine on one core. usage: tests/bench/run.sh rules; CLEWLINE_SHARED names the folder with Falco's own files.
set -eu
bin=$1
build=$(dirname "$bin")
top=$(cd "$(dirname "$0")/../.." && pwd)
files=${CLEWLINE_SHARED:-$top/../shared}/corpora/falco/rules
ninja -C "$build" rules_bench >/dev/null
set --
if [ -d "$files" ]; then
	set -- "$files/falco_rules.yaml" "$files/falco-incubating_rules.yaml" "$files/aws_cloudtrail_rules.yaml"
else
	echo "no official files in \"$files\": made-up rules alone"
fi
bench=$build/bin/rules_bench
exec taskset -c 0 "$bench" "$@"
