#!/bin/sh
# From a bare Debian 12 machine to an answered investigation: deploy/quickstart.sh [--once] [--no-story] [--plain]
#
#   --once      stop everything again at the end
#   --no-story  only install, build and start the platform
#   --plain     play the story without containers
#
# Run it as root or with sudo. A second run takes seconds. Environment: CLEWLINE_STATE (state folder, default /var/lib/clewline).
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
state=${CLEWLINE_STATE:-/var/lib/clewline}
bin=$top/build/release/bin
once='' story=yes plain=''

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }
for argument in "$@"; do
	case $argument in
	--once) once=yes ;;
	--no-story) story= ;;
	--plain) plain=--plain ;;
	-h | --help) usage; exit 0 ;;
	*) echo "quickstart: unrecognized argument \"$argument\"" >&2; usage >&2; exit 2 ;;
	esac
done

step() { printf '\n== %s\n' "$*"; }
fail() { echo "quickstart: $*" >&2; exit 1; }

if [ "$(id -u)" -ne 0 ]; then
	echo "quickstart: missing a right: must be run as root, for example: sudo deploy/quickstart.sh" >&2
	exit 4
fi
grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null || echo "quickstart: made for Debian 12; trying anyway"

step "1/4 packages"
"$top/deploy/packages/install.sh" build run story

step "2/4 build"
log=$top/build/release.log
mkdir -p "$top/build"
(cd "$top" && cmake --preset release >"$log" 2>&1) || fail "could not configure the build: $(grep -m 1 -A 2 'CMake Error' "$log" | tr '\n' ' ')"
# ninja says "[12/345] ..." a line; every tenth is progress enough
{ ninja -C "$top/build/release" 2>&1 || echo "ninja: failed"; } | tee -a "$log" |
	awk -F'[][/]' '/^\[/ { if ($2 % 40 == 0 || $2 == $3) { print "  " $2 " of " $3; fflush() } }'
! tail -n 1 "$log" | grep -q '^ninja: failed' || fail "could not build: $(grep -m 1 -E 'error|FAILED' "$log") (log: $log)"
"$bin/secctl" --version

step "3/4 platform"
if ! getent passwd clewline >/dev/null; then
	echo "creating the system user clewline: the collector and its database run as it"
	useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin clewline
fi
"$bin/secctl" up --state "$state"
stop() {
	if [ -n "$once" ]; then "$bin/secctl" down --state "$state"; fi
}
trap stop EXIT

if [ -n "$story" ]; then
	step "4/4 the story"
	"$top/deploy/story/play.sh" --bin "$bin" --state "$state" $plain
	last=$state/story/last.json
	alert=$("$bin/secctl" alerts list --state "$state" --since 1h -o json |
		jq -r --arg uuid "$(jq -r .uuid "$last")" \
			'[.alerts[] | select(.rule == "Write below binary dir" and (.output | contains($uuid)))][0].id // empty')
	[ -n "$alert" ] || fail "the story was played, but no alert for it arrived: $bin/secctl status"
	printf '\n$ secctl alerts list --since 1h\n'
	"$bin/secctl" alerts list --state "$state" --since 1h
	printf '\n$ secctl investigate %s\n' "$alert"
	"$bin/secctl" investigate --state "$state" "$alert"
fi

if [ -z "$once" ]; then
	cat <<NEXT

The platform is running (state: $state). Type next:
  export PATH=$bin:\$PATH CLEWLINE_STATE=$state
  secctl status
  secctl alerts list
  secctl investigate user/badlugo
  secctl down
NEXT
fi
