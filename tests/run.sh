#!/bin/sh
# Installs what the tests need, builds with ASan and UBSan, and runs every test: tests/run.sh [-L LABEL] [ctest option]...
#
# As root on Debian 12 it installs missing packages itself; otherwise it says which are missing. Tests read other people's data from
# $CLEWLINE_SHARED or ../shared; where neither exists they are skipped, and it says so.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

deploy/packages/install.sh build run story test
if [ "$(id -u)" -eq 0 ] && ! getent passwd clewline >/dev/null; then
	useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin clewline
fi

shared=${CLEWLINE_SHARED:-$top/../shared}
if [ -d "$shared/corpora" ]; then
	CLEWLINE_SHARED=$(cd "$shared" && pwd)
	export CLEWLINE_SHARED
	echo "corpora: $CLEWLINE_SHARED/corpora"
else
	unset CLEWLINE_SHARED
	echo "corpora: none here (no ../shared, no CLEWLINE_SHARED); the tests that need them are skipped"
fi

build() { # PRESET
	echo "building: $1"
	mkdir -p build
	cmake --preset "$1" >"build/$1.log" 2>&1 || { cat "build/$1.log" >&2; exit 1; }
	# the log keeps everything; the screen gets what went wrong
	ninja -C "build/$1" >>"build/$1.log" 2>&1 || { grep -A 20 -E 'FAILED|error' "build/$1.log" | head -n 60 >&2; exit 1; }
}
build dev
# the story and the tests of static programs run the release
build release

exec ctest --test-dir build/dev --output-on-failure --no-tests=error "$@"
