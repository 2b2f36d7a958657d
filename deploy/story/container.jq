# An OCI runtime configuration with what a Fargate container gets: Docker's default capabilities (and $more), its default seccomp
# profile, one network for the task and, with pidMode "task", one process id namespace ($pid_namespace: path to join, or "").
($caps + $more) as $all
| {
	ociVersion: "1.0.2",
	process: {
		terminal: false, user: {uid: 0, gid: 0}, cwd: "/", args: $args, env: $env,
		capabilities: {bounding: $all, effective: $all, permitted: $all},
		noNewPrivileges: false
	},
	root: {path: $rootfs, readonly: false},
	hostname: "ip-10-0-1-23",
	mounts: ([
		{destination: "/proc", type: "proc", source: "proc"},
		{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"]},
		{destination: "/clewline", type: "bind", source: $shared, options: ["bind", "rw"]}
	] + $mounts),
	linux: {
		namespaces: [
			({type: "pid"} + (if $pid_namespace != "" then {path: $pid_namespace} else {} end)),
			{type: "mount"}, {type: "ipc"}, {type: "uts"}
		],
		maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
		readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
		seccomp: $seccomp[0]
	}
}
