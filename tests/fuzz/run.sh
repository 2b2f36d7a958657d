#!/bin/sh
# Fuzzes every target of tests/fuzz with libFuzzer, ASan and UBSan: tests/fuzz/run.sh [SECONDS-EACH] [TARGET]...
#
# Findings are left in build/fuzz/findings; the corpora in tests/fuzz/corpora are only read. The everyday suite replays those corpora
# (ctest label fuzz); this is the long form.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
[ $# -eq 0 ] || shift
cd "$top"
cmake --preset fuzz >build/fuzz.log 2>&1 || { cat build/fuzz.log >&2; exit 1; }
ninja -C build/fuzz >>build/fuzz.log 2>&1 || { grep -A 5 -E 'FAILED|error' build/fuzz.log | head -n 40 >&2; exit 1; }
mkdir -p build/fuzz/findings

failed=0
for program in build/fuzz/fuzz/fuzz_*; do
	target=${program##*/fuzz_}
	case " ${*:-$target} " in *" $target "*) ;; *) continue ;; esac
	scratch=build/fuzz/corpora/$target
	mkdir -p "$scratch"
	if "$program" -max_total_time="$seconds" -rss_limit_mb=4096 -artifact_prefix="build/fuzz/findings/$target-" \
		"$scratch" "tests/fuzz/corpora/$target" >"build/fuzz/$target.log" 2>&1; then
		echo "ok      $target: $(grep -E '^Done' "build/fuzz/$target.log")"
	else
		echo "FAILED  $target: $(grep -m 1 -E 'SUMMARY|ERROR' "build/fuzz/$target.log") (build/fuzz/$target.log)"
		failed=1
	fi
done
exit $failed
