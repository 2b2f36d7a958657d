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

# Over TLS, with a collector of this machine: OpenSSL finds nothing of its own there, and needs nothing.
[ -d /usr/lib/postgresql ] || { echo "skipped: PostgreSQL is not installed, so there is no collector to deliver to"; exit 0; }
state=$(mktemp -d)
chmod 755 "$state"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$bin/seccollector" --state "$state/state" --intake "tls+tcp://127.0.0.1:$port" 2>"$state/log" &
collector=$!
trap 'kill "$collector" 2>/dev/null; wait "$collector" || true; rm -rf "$root" "$state"' EXIT
tries=0
until "$bin/secctl" agents enrol -q --uses 2 --state "$state/state" >"$root/token" 2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 300 ] || fail "the collector did not start: $(cat "$state/log")"
	sleep 0.2
done
mkdir "$root/etc"
echo "127.0.0.1 collector.example" >"$root/etc/hosts"
for host in 127.0.0.1 collector.example; do
	unshare --mount --propagation private sh -c "mount -t proc proc '$root/proc' && exec chroot '$root' /secagent run \
		--collector tls+tcp://$host:$port --enrol-token-file /token --identity /identity-$host --spool /spool-$host -- \
		/bin/busybox true" >"$root/out" 2>&1 || fail "secagent run: $(cat "$root/out")"
	grep -q 'not-delivered' "$root/out" && fail "nothing was delivered to $host: $(cat "$root/out")"
	grep -q ' enrolled: ' "$root/out" || fail "no certificate from $host: $(cat "$root/out")"
	echo "ok      secagent run enrols and delivers to tls+tcp://$host in an empty root"
done
[ "$("$bin/secctl" agents list -o csv --state "$state/state" | grep -c valid)" -eq 2 ] || fail "the agents are not listed"
