#!/bin/sh
# The released secagent and seclaunch are static and run in an empty root: static_test.sh BIN-FOLDER
set -eu
bin=$1
[ -x "$bin/secagent" ] || { echo "skipped: no release build at $bin"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "skipped: chroot needs root"; exit 77; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "FAILED  $*" >&2; exit 1; }

for program in secagent seclaunch; do
	! readelf -l "$bin/$program" | grep -q INTERP || fail "$program asks for a dynamic loader"
	! readelf -d "$bin/$program" | grep -q NEEDED || fail "$program needs shared libraries"
	cp "$bin/$program" "$root/$program"
	[ "$(chroot "$root" "/$program" --version | cut -d' ' -f1)" = "$program" ] || fail "$program does not run in an empty root"
	echo "ok      $program is static and runs in an empty root"
done

# The one thing that such a root needs besides: /proc, which every container has.
mkdir "$root/proc" "$root/bin"
cp /bin/busybox "$root/bin/busybox"
code=0
unshare --mount --propagation private sh -c "mount -t proc proc '$root/proc' && exec chroot '$root' /secagent run -o json -- \
	/bin/busybox sh -c '/bin/busybox touch /bin/planted; exit 7'" >"$root/out" || code=$?
[ "$code" -eq 7 ] || fail "secagent run ends with $code, but the command ended with 7"
grep -q '"rule":"Write below binary dir"' "$root/out" || fail "no alert from the built-in rules: $(cat "$root/out")"
echo "ok      secagent run sees and tells, with its built-in rules, in an empty root"
