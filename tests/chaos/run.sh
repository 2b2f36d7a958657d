#!/bin/sh
# Breaks delivery in every way we know while events flow, and counts: tests/chaos/run.sh [--short] [--seed N] [--only SCENARIO] [--list]
#
# Generator or agent -> sender -> seccollector -> a private PostgreSQL, all of them the real programs of build/release (or of
# $CLEWLINE_BIN). Last line: "events sent N, lost N, doubled N, stuck N"; exit code 0 if the last three are 0, else 1; 77 if it cannot run here.
#
# Everything runs in namespaces of its own (processes, mounts, network): whatever ends this script ends all of it and leaves no mount.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
bin=${CLEWLINE_BIN:-$top/build/release/bin}

case " $* " in *" --list "* | *" --help "*) exec python3 "$here/chaos.py" "$@" ;; esac
[ -x "$bin/seccollector" ] || { echo "skipped: no $bin/seccollector; build it: cmake --preset release && ninja -C build/release"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "skipped: stopping, mounting and namespaces need root"; exit 77; }
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { echo "skipped: PostgreSQL is not installed"; exit 77; }
ninja -C "$(dirname "$bin")" clewline_traffic >/dev/null

scratch=$(mktemp -d "${TMPDIR:-/tmp}/clewline-chaos.XXXXXX")
chmod 755 "$scratch"
inside=
# shellcheck disable=SC2317 # the trap calls it
finish() {
	[ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || true
	[ -z "$inside" ] || wait "$inside" 2>/dev/null || true
	case " $* " in *" --keep "*) echo "kept: $scratch" ;; *) rm -rf "$scratch" ;; esac
}
# shellcheck disable=SC2064 # the arguments of now
trap "finish $*" EXIT
trap 'exit 1' HUP INT PIPE TERM

# The shell is process 1 in there and reaps whoever lost its parent: PostgreSQL takes a dead postmaster that nobody reaped for a living one.
# shellcheck disable=SC2016 # expanded inside
setpriv --pdeathsig KILL unshare --mount --pid --net --ipc --fork --kill-child --mount-proc \
	sh -c 'ip link set lo up; python3 "$@"; exit $?' sh "$here/chaos.py" --bin "$bin" --scratch "$scratch" "$@" &
inside=$!
wait "$inside" && code=0 || code=$?
inside=
exit "$code"
