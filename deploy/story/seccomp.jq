# Turns a seccomp profile in Docker's format into linux.seccomp of an OCI runtime configuration, for x86-64 and the capabilities
# in $caps: rules under "includes" hold when all of it is given, rules under "excludes" when none of it is.
# Docker writes a kernel version under minKernel; every kernel that Debian 12 runs on is newer than those it names.
def applies:
	((.includes.caps // []) | all(IN($caps[])))
	and ((.excludes.caps // []) | any(IN($caps[])) | not)
	and ((.includes.arches // []) | (length == 0 or index("amd64") != null))
	and ((.excludes.arches // []) | index("amd64") == null);
{
	defaultAction,
	defaultErrnoRet,
	architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
	syscalls: [
		.syscalls[] | select(applies)
		| {names, action}
			+ (if .errnoRet != null then {errnoRet} else {} end)
			+ (if (.args // []) | length > 0 then {args} else {} end)
	]
}
