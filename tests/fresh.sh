#!/bin/sh
# The honest check of the install steps: makes a bare Debian 12 root, clones this repository into it and runs both of the README's
# commands there. tests/fresh.sh [--keep] [quickstart] [tests]     (default: both). Needs root, mmdebstrap, util-linux; not part of the suite.
#
# The root is minbase with the machine's own apt configuration. It is entered by pivot_root in a private mount namespace, because runc refuses
# a plain chroot; /proc, /dev and /sys are bound into it recursively.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
keep='' what=''
for argument in "$@"; do
	case $argument in
	--keep) keep=yes ;;
	quickstart | tests) what="$what $argument" ;;
	*) echo "fresh.sh: unrecognized argument \"$argument\"" >&2; exit 2 ;;
	esac
done
what=${what:-quickstart tests}
[ "$(id -u)" -eq 0 ] || { echo "fresh.sh: needs root" >&2; exit 4; }
for tool in mmdebstrap unshare pivot_root git; do
	command -v "$tool" >/dev/null || { echo "fresh.sh: $tool is not installed (apt-get install mmdebstrap util-linux git)" >&2; exit 1; }
done

root=$(mktemp -d /tmp/clewline-fresh.XXXXXX)
chmod 755 "$root"
cleanup() { if [ -n "$keep" ]; then echo "kept: $root"; else rm -rf --one-file-system "$root"; fi; }
trap cleanup EXIT

echo "fresh: making a bare Debian 12 in $root"
mmdebstrap --quiet --variant=minbase --include=ca-certificates,git bookworm "$root" >"$root.log" 2>&1 ||
	{ tail -n 5 "$root.log" >&2; exit 1; }
rm -f "$root.log"
# The machine's own way to its packages: sources, keys, proxies.
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/keyrings \
	/etc/apt/preferences.d /etc/apt/trusted.gpg.d /usr/share/keyrings /etc/ssl/certs /usr/local/share/ca-certificates /etc/resolv.conf /etc/hosts; do
	[ -e "$path" ] || continue
	mkdir -p "$root$(dirname "$path")"
	rm -rf "${root:?}$path"
	cp -aL "$path" "$root$path"
done
git clone --quiet "$top" "$root/clewline"
if [ -d "$top/../shared/corpora" ]; then
	mkdir -p "$root/shared"
fi

cat >"$root/enter.sh" <<'ENTER'
#!/bin/sh
set -eu
root=$1 shared=$2
shift 2
mount --bind "$root" "$root"
for system in proc dev sys; do mount --rbind "/$system" "$root/$system"; done
[ -z "$shared" ] || mount --bind "$shared" "$root/shared"
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
	${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
ENTER
inside() {
	shared=
	[ ! -d "$root/shared" ] || shared=$(cd "$top/../shared" && pwd)
	unshare --mount --propagation private sh "$root/enter.sh" "$root" "$shared" "$@"
}

for part in $what; do
	echo "fresh: $part"
	case $part in
	quickstart) inside sh -c 'cd /clewline && deploy/quickstart.sh --once' ;;
	tests) inside sh -c 'cd /clewline && tests/run.sh' ;;
	esac
done
echo "fresh: all of it ran on a bare Debian 12:$what"
