#!/bin/sh
# Installs the packages of the lists named that are missing: deploy/packages/install.sh LIST...   (see README.md beside it)
set -eu
here=$(dirname "$0")
log=${CLEWLINE_INSTALL_LOG:-/tmp/clewline-install.log}

missing=
count=0
for list in "$@"; do
	# shellcheck disable=SC2013 # one word a line
	for package in $(sed 's/#.*//' "$here/$list"); do
		if [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | cut -c1-2)" != ii ]; then
			missing="$missing $package"
			count=$((count + 1))
		fi
	done
done
[ "$count" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "missing a right: installing$missing needs root; run this with sudo" >&2
	exit 4
fi
echo "installing $count packages and what they need (log: $log)"
export DEBIAN_FRONTEND=noninteractive

# Debian's PostgreSQL package would create and start a cluster of its own; Clewline brings a private one.
case " $missing " in
*" postgresql-15 "*)
	mkdir -p /etc/postgresql-common/createcluster.d
	echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/clewline.conf
	;;
esac

# Programs are wanted, not the services that some packages would start with them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

fail() {
	offline=$(grep -m 1 -oE "(Temporary failure resolving|Could not resolve|Could not connect to|Connection timed out).*" "$log" || true)
	if [ -n "$offline" ]; then
		echo "could not install packages: no network ($offline)" >&2
	else
		echo "could not install packages: $(grep -m 1 '^E: ' "$log" || tail -n 1 "$log")" >&2
	fi
	exit 1
}
apt-get update >"$log" 2>&1 || fail
# apt reports "Setting up NAME" for each; every tenth line is progress enough
# shellcheck disable=SC2086
{ apt-get install -y --no-install-recommends $missing 2>&1 || echo "E: apt-get install failed"; } | tee -a "$log" |
	awk '/^Setting up/ { n++; if (n % 25 == 0) { print "  " n " packages set up"; fflush() } }'
! grep -q '^E: ' "$log" || fail
case " $missing " in
*" nginx "*) update-rc.d nginx disable >>"$log" 2>&1 ;;
esac
