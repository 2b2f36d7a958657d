#!/bin/sh
# secagent host on the running kernel: host_test.sh SECAGENT. Exit code 77 = skipped, and the output says why.
set -eu
secagent=$1
[ -x "$secagent" ] || { echo "skipped: no $secagent"; exit 77; }

scratch=$(mktemp -d)
agent=
group=
cleanup() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null || true
	[ -z "$group" ] || rmdir "$group" "${group%/*}" 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT
trap "exit 1" HUP INT PIPE TERM
fail() { echo "FAILED  $*" >&2; sed 's/^/        /' "$scratch/err" "$scratch/out" >&2; exit 1; }

# wait_for FILE PATTERN: until the file has it; the count is a limit of patience, nothing is measured
wait_for() {
	for _ in $(seq 200); do
		! grep -q "$2" "$1" || return 0
		sleep 0.05
	done
	fail "nothing like \"$2\" came"
}

cat >"$scratch/rules.yaml" <<'RULES'
- rule: Probe written
  desc: a file with this name is opened for writing
  condition: evt.type in (open, openat, openat2, creat) and evt.is_open_write=true and fd.name endswith /host-probe
  output: "written %fd.name by %proc.name cmd=%proc.cmdline parent=%proc.pname exe=%proc.exepath container=%container.id"
  priority: WARNING
- rule: Probe moved
  desc: a file with this name is renamed
  condition: evt.type in (rename, renameat, renameat2) and fs.path.name endswith /host-probe
  output: "moved %fs.path.name by cmd=%proc.cmdline"
  priority: WARNING
- rule: Probe reached
  desc: something is moved to this name
  condition: evt.type in (rename, renameat, renameat2) and fs.path.target endswith /folder/host-probe-2
  output: "reached %fs.path.target"
  priority: WARNING
- rule: Probe tried
  desc: a file with this name could not be removed
  condition: evt.type in (unlink, unlinkat) and evt.res != SUCCESS and fs.path.name endswith /host-probe
  output: "tried %fs.path.name %evt.res"
  priority: WARNING
RULES

: >"$scratch/out"
"$secagent" host -r "$scratch/rules.yaml" >"$scratch/out" 2>"$scratch/err" &
agent=$!
for _ in $(seq 200); do
	! grep -q watching: "$scratch/err" || break
	kill -0 "$agent" 2>/dev/null || break
	sleep 0.05
done
if ! kill -0 "$agent" 2>/dev/null; then
	wait "$agent" && code=0 || code=$?
	agent=
	[ "$code" -eq 4 ] || fail "secagent host ended with $code"
	echo "skipped: $(cat "$scratch/err")"
	exit 77
fi
grep -q watching: "$scratch/err" || fail "it never began"

mkdir "$scratch/folder"
(cd "$scratch/folder" && touch host-probe && mv host-probe moved && rm moved)
wait_for "$scratch/out" "written $scratch/folder/host-probe by touch cmd=touch host-probe .* container=host"
grep -q 'exe=/[^ ]*/touch ' "$scratch/out" || fail "the executed file is missing"
wait_for "$scratch/out" "moved $scratch/folder/host-probe by cmd=mv host-probe moved"
ln -s folder "$scratch/way"
touch "$scratch/folder/other"
mv "$scratch/folder/other" "$scratch/way/host-probe-2"
wait_for "$scratch/out" "reached $scratch/folder/host-probe-2"
echo "ok      a link on the way does not hide the place"
echo "ok      programs that live for a millisecond are told with their arguments, file and folder"
(cd "$scratch/folder" && "$(command -v unlink)" host-probe 2>/dev/null) || true
wait_for "$scratch/out" "tried $scratch/folder/host-probe ENOENT"
echo "ok      what failed is told as failed"

hierarchy=
for folder in /sys/fs/cgroup /sys/fs/cgroup/pids; do
	[ ! -e "$folder/cgroup.procs" ] || hierarchy=$folder
done
id=$(printf 'c0%.0s' $(seq 32))
if [ -n "$hierarchy" ] && mkdir -p "$hierarchy/host-test/$id" 2>/dev/null; then
	group=$hierarchy/host-test/$id
	sh -c "echo \$\$ >'$group/cgroup.procs' && exec unshare --mount sh -c 'touch $scratch/folder/host-probe'"
	wait_for "$scratch/out" "written .* container=c0c0c0c0c0c0"
	echo "ok      a process in a container is told with its container"
fi

kill -TERM "$agent"
wait "$agent" && code=0 || code=$?
agent=
[ "$code" -eq 0 ] || fail "it ended with $code after SIGTERM"
echo "ok      it ends when asked to"

command -v setpriv >/dev/null || exit 0
setpriv --bounding-set=-all --inh-caps=-all "$secagent" host >"$scratch/out" 2>"$scratch/err" && code=0 || code=$?
[ "$code" -eq 4 ] || fail "without capabilities it ended with $code"
[ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "the reason is not one line"
grep -q 'not permitted: needs CAP_BPF and CAP_PERFMON' "$scratch/err" || fail "the reason is not said"
echo "ok      without capabilities one line says why"
