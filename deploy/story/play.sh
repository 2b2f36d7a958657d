#!/bin/sh
# Plays the story with real parts on this machine: play.sh --bin DIR --state DIR [--plain]
#
# A container (runc, Fargate's capabilities, Docker's seccomp profile) changes its own binaries under the eyes of the agent's
# sidecar; the image is scanned; CloudTrail files arrive late, shuffled and doubled. What it played is left in STATE/story/last.json.
# --plain runs the workload without containers; it is also what happens where containers cannot be started.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin='' state='' plain=''
while [ $# -gt 0 ]; do
	case $1 in
	--bin) bin=$2; shift 2 ;;
	--state) state=$2; shift 2 ;;
	--plain) plain="asked for with --plain"; shift ;;
	*) echo "play.sh: unrecognized argument \"$1\"" >&2; exit 2 ;;
	esac
done

say() { echo "story: $*"; }
fail() { echo "story: $*" >&2; exit 1; }
random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
random_name() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1" || true; }
rfc3339() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

account=111122223333
region=us-west-1
cluster=lugobad-stack-QASecureEventGeneratorCluster-$(random_name 12)
cluster_arn=arn:aws:ecs:$region:$account:cluster/$cluster
task_id=$(random_hex 16)
task_arn=arn:aws:ecs:$region:$account:task/$cluster/$task_id
workload_id=$task_id-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ' | cut -c1-9)1
agent_id=$task_id-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ' | cut -c1-9)2
trail=main-trail-$(random_name 6)
image=$account.dkr.ecr.$region.amazonaws.com/qa/secure-event-generator:0.1.5
uuid=$(cat /proc/sys/kernel/random/uuid)

work=$(mktemp -d /tmp/clewline-story.XXXXXX)
chmod 711 "$work"
metadata_pid=''
cleanup() {
	[ -z "$metadata_pid" ] || kill "$metadata_pid" 2>/dev/null || true
	for container in "$task_id-workload" "$task_id-agent"; do
		runc --root "$work/runc" delete --force "$container" >/dev/null 2>&1 || true
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say "building the image $image"
"$here/image.sh" "$work" "$image" || fail "could not build the image"

say "scanning it (docker-archive, then the OCI layout) and uploading the result"
"$bin/secscan" image "$work/image.tar" >"$work/scan.txt" || fail "could not scan the docker-archive"
"$bin/secscan" image --upload "unix:$state/api.sock" -o json "$work/oci" >"$work/scan.json" || fail "could not scan and upload"
jq -r '.findings[] | "story:   \(.severity): \(.title)"' "$work/scan.json" | head -n 5

jq -n --arg cluster_arn "$cluster_arn" --arg task_arn "$task_arn" --arg family QASecureEventGenerator --arg region "$region" \
	--arg image "$image" --arg image_id "$(cat "$work/config-digest")" --arg workload_id "$workload_id" --arg agent_id "$agent_id" \
	-f "$here/task.jq" >"$work/task.json"
"$bin/ecs-metadata" --task "$work/task.json" --port-file "$work/port" &
metadata_pid=$!
tries=0
until [ -s "$work/port" ]; do
	if [ "$tries" -ge 100 ] || ! kill -0 "$metadata_pid" 2>/dev/null; then fail "could not start the ECS metadata endpoint"; fi
	tries=$((tries + 1))
	sleep 0.05
done
metadata=http://127.0.0.1:$(cat "$work/port")/v4

# Docker's default set; the sidecar alone gets SYS_PTRACE, the one capability that Fargate lets a task add.
caps='["CAP_AUDIT_WRITE","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_MKNOD","CAP_NET_BIND_SERVICE",
	"CAP_NET_RAW","CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT"]'

bundle() { # NAME ROOTFS ARGS ENV MORE-CAPS MOUNTS PID-NAMESPACE
	mkdir -p "$work/$1"
	jq --argjson caps "$(echo "$caps" | jq --argjson more "$5" '. + $more')" -f "$here/seccomp.jq" \
		/usr/share/containers/seccomp.json >"$work/$1/seccomp.json"
	jq -n --argjson caps "$caps" --argjson more "$5" --arg rootfs "$2" --argjson args "$3" --argjson env "$4" \
		--argjson mounts "$6" --arg pid_namespace "$7" --arg shared "$work/shared" --slurpfile seccomp "$work/$1/seccomp.json" \
		-f "$here/container.jq" >"$work/$1/config.json"
}

start_sidecar() {
	mkdir -p "$work/shared" "$work/agent-root/bin" "$work/agent-root/proc" "$work/agent-root/dev" "$work/agent-root/clewline" \
		"$work/agent-root/spool" "$work/agent-root/tmp"
	cp "$bin/secagent" "$work/agent-root/bin/"
	cp "$bin/seclaunch" "$work/shared/"
	bundle agent "$work/agent-root" \
		'["/bin/secagent","task","--once","--socket","/clewline/launch.sock","--collector","ipc:///intake.sock","--spool","/spool"]' \
		"[\"ECS_CONTAINER_METADATA_URI_V4=$metadata/$agent_id\"]" '["CAP_SYS_PTRACE"]' \
		"[{\"destination\":\"/intake.sock\",\"type\":\"bind\",\"source\":\"$state/intake.sock\",\"options\":[\"bind\",\"rw\"]}]" ""
	(cd "$work/agent" && runc --root "$work/runc" run --detach --pid-file "$work/agent.pid" "$task_id-agent" \
		>"$work/agent.log" 2>&1 </dev/null)
}

run_in_container() {
	tries=0
	until [ -S "$work/shared/launch.sock" ]; do
		[ "$tries" -lt 200 ] || return 1
		tries=$((tries + 1))
		sleep 0.05
	done
	bundle workload "$work/rootfs" "[\"/clewline/seclaunch\",\"--require\",\"--\",\"/usr/bin/event-generator\",\"$uuid\"]" \
		"[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\",\"ECS_CONTAINER_METADATA_URI_V4=$metadata/$workload_id\"]" '[]' '[]' \
		"/proc/$(cat "$work/agent.pid")/ns/pid"
	(cd "$work/workload" && runc --root "$work/runc" run "$task_id-workload" </dev/null)
}

wait_for_sidecar() {
	tries=0
	while kill -0 "$(cat "$work/agent.pid")" 2>/dev/null; do
		[ "$tries" -lt 300 ] || return 1
		tries=$((tries + 1))
		sleep 0.1
	done
}

run_plain() {
	say "running the workload as a plain process under secagent run: $1"
	ECS_CONTAINER_METADATA_URI_V4=$metadata/$workload_id "$bin/secagent" run --collector "ipc://$state/intake.sock" \
		--spool "$work/spool" -- /bin/sh "$work/rootfs/usr/bin/event-generator" "$uuid" ||
		fail "the workload under secagent run failed"
}

started=$(date +%s)
if [ -z "$plain" ] && [ "$(id -u)" -ne 0 ]; then plain="containers need root"; fi
if [ -z "$plain" ] && ! start_sidecar; then
	plain="a container cannot be started here ($(tail -n 1 "$work/agent.log"))"
fi
if [ -n "$plain" ]; then
	run_plain "$plain"
else
	say "task $task_id: the workload runs in a container beside the agent's sidecar"
	run_in_container || { cat "$work/agent.log" >&2; fail "the workload's container failed"; }
	wait_for_sidecar || { cat "$work/agent.log" >&2; fail "the sidecar did not end"; }
	cat "$work/agent.log"
fi
say "the workload created, renamed and removed /usr/bin/$uuid"

# The cloud user acts right after; CloudTrail tells it later. Nothing here lies in the future.
delete_cluster=$(($(date +%s) + 1))
delete_trail=$((delete_cluster + 1))
run_id=$(cut -c1-24 /proc/sys/kernel/random/uuid)
jq -cn --arg account "$account" --arg region "$region" --arg cluster "$cluster" --arg cluster_arn "$cluster_arn" \
	--arg task_id "$task_id" --arg trail "$trail" --arg run_id "$run_id" --arg login "$(rfc3339 $((started - 300)))" \
	--arg delete_cluster "$(rfc3339 "$delete_cluster")" --arg delete_trail "$(rfc3339 "$delete_trail")" \
	-f "$here/cloudtrail.jq" >"$work/records"
while [ "$(date +%s)" -le "$delete_trail" ]; do sleep 0.2; done
"$here/cloudtrail.sh" "$work/bucket" <"$work/records"
say "CloudTrail delivers $(find "$work/bucket" -name '*.json.gz' | wc -l) files, shuffled, every record twice"
"$bin/seccloudtrail" run --once --files "$work/bucket" --collector "ipc://$state/intake.sock" --spool "$work/cloudtrail-spool" ||
	fail "could not read the CloudTrail files"

mkdir -p "$state/story"
jq -n --arg task "$task_id" --arg task_arn "$task_arn" --arg cluster "$cluster" --arg cluster_arn "$cluster_arn" --arg uuid "$uuid" \
	--arg image "$image" --arg image_id "$(cat "$work/config-digest")" --arg account "$account" --arg region "$region" \
	--arg trail "$trail" --arg container "$workload_id" --arg plain "$plain" --arg run_id "$run_id" \
	--arg delete_cluster "$(rfc3339 "$delete_cluster")" --arg delete_trail "$(rfc3339 "$delete_trail")" \
	'$ARGS.named' >"$state/story/last.json"
