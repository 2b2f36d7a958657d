#!/bin/sh
# Makes the root with arm64 headers and libraries that the preset arm64 builds against: sysroot.sh [FOLDER]   (default build/arm64-sysroot)
#
# The packages are those of deploy/packages/build that hold headers, and what they need, unpacked and not installed: nothing of arm64 is
# run, and nothing of the machine changes. It is made anew when the list has changed.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
root=${1:-$top/build/arm64-sysroot}
packages=$(sed 's/#.*//' "$top/deploy/packages/build" "$top/deploy/packages/test" | tr -d ' \t' | grep -E -- '-dev$' | grep -v '^libclang' | sort)
packages="$packages libgcc-12-dev"
list=$root/packages

[ "$(cat "$list" 2>/dev/null)" != "$packages" ] || exit 0
command -v mmdebstrap >/dev/null || { echo "sysroot.sh: mmdebstrap is not installed" >&2; exit 1; }
rm -rf "$root"
mkdir -p "$(dirname "$root")"
echo "unpacking arm64 libraries into $root"
mmdebstrap --quiet --variant=extract --architectures=arm64 \
	--include="$(echo "$packages" | tr -s ' \n' ',' | sed 's/,$//')" bookworm "$root" >"$root.log" 2>&1 ||
	{ tail -n 5 "$root.log" >&2; exit 1; }
rm -f "$root.log"
echo "$packages" >"$list"
