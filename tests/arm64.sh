#!/bin/sh
# Builds secagent and seclaunch for arm64 and runs the tests of what can be tested under qemu-user: tests/arm64.sh
#
# Exit code 77: something that it needs is not here, and it says what. qemu-user has no ptrace, no seccomp filters, no openat2, no sock_diag
# and a /proc of its own, so what lives on these is compiled and linked here, and not run.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
build=build/arm64
# the tests of what is pure: filters, tables of calls, handshake, decoding, wire, rules' fields
tests='agent/(launch|filter|process_table|metadata|containers|pipeline|dns|packets)|sensor_bpf|wire|base|conf|model|json'

for tool in aarch64-linux-gnu-gcc qemu-aarch64-static mmdebstrap; do
	command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
deploy/arm64/sysroot.sh || { echo "skipped: the arm64 libraries could not be had (see above)"; exit 77; }

mkdir -p build
cmake --preset arm64 >$build.log 2>&1 || { cat $build.log >&2; exit 1; }
# shellcheck disable=SC2046 # one word a target
ninja -C $build secagent seclaunch $(ninja -C $build -t targets all | sed -n 's/: .*//p' |
	grep -E '^test_(agent_(launch|filter|process_table|metadata|containers|pipeline|dns|packets)|(sensor_bpf|wire|base|conf|model)_.*|json)$') \
	>>$build.log 2>&1 || { grep -A 20 -E 'FAILED|error' $build.log | head -n 60 >&2; exit 1; }

fail() { echo "FAILED  $*" >&2; exit 1; }
for program in secagent seclaunch; do
	file=$build/bin/$program
	readelf -h "$file" | grep -q 'Machine: *AArch64' || fail "$program is not for arm64"
	! readelf -l "$file" | grep -q INTERP || fail "$program asks for a dynamic loader"
	! readelf -d "$file" | grep -q NEEDED || fail "$program needs shared libraries"
	[ "$(qemu-aarch64-static "$file" --version | cut -d' ' -f1)" = "$program" ] || fail "$program does not run"
	echo "ok      $program is static, for arm64, and runs"
done
# without a sidecar it fails open, and becomes the command
code=0
qemu-aarch64-static $build/bin/seclaunch --socket /nonexistent/launch.sock -- /bin/sh -c 'exit 7' 2>/dev/null || code=$?
[ "$code" -eq 7 ] || fail "seclaunch without a sidecar ends with $code, but the command ended with 7"
echo "ok      seclaunch for arm64 becomes the command"

exec ctest --test-dir $build --output-on-failure --no-tests=error -R "^unit\.($tests)"
