#include "agent/pipeline/arg_names.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/attr.h"

struct arg_name {
	uint64_t value;
	const char *name;
};

#define N(value)                                                                                                     \
	{                                                                                                            \
		(uint64_t)(value), #value                                                                            \
	}

static const struct arg_name open_names[] = {
	N(O_DIRECTORY), N(O_DIRECT), N(O_TRUNC), N(O_SYNC), N(O_NONBLOCK), N(O_EXCL),
	N(O_DSYNC),	N(O_APPEND), N(O_CREAT), N(O_RDWR), N(O_WRONLY),   N(O_CLOEXEC),
};
static const struct arg_name mode_names[] = {
	N(S_IXOTH), N(S_IWOTH), N(S_IROTH), N(S_IXGRP), N(S_IWGRP), N(S_IRGRP),
	N(S_IXUSR), N(S_IWUSR), N(S_IRUSR), N(S_ISVTX), N(S_ISGID), N(S_ISUID),
};
static const struct arg_name remove_names[] = { N(AT_REMOVEDIR) };
static const struct arg_name rename_names[] = { N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT) };
static const struct arg_name link_names[] = { N(AT_SYMLINK_FOLLOW), N(AT_EMPTY_PATH) };
static const struct arg_name chown_names[] = { N(AT_SYMLINK_NOFOLLOW), N(AT_EMPTY_PATH) };
static const struct arg_name dup_names[] = { N(O_CLOEXEC) };
static const struct arg_name mount_names[] = {
	{ MS_RDONLY, "RDONLY" },	 { MS_NOSUID, "NOSUID" },   { MS_NODEV, "NODEV" }, { MS_NOEXEC, "NOEXEC" },
	{ MS_REMOUNT, "REMOUNT" },	 { MS_BIND, "BIND" },	    { MS_MOVE, "MOVE" },   { MS_REC, "REC" },
	{ MS_UNBINDABLE, "UNBINDABLE" }, { MS_PRIVATE, "PRIVATE" }, { MS_SLAVE, "SLAVE" }, { MS_SHARED, "SHARED" },
};
static const struct arg_name umount_names[] = {
	{ MNT_FORCE, "FORCE" },
	{ MNT_DETACH, "DETACH" },
	{ MNT_EXPIRE, "EXPIRE" },
	{ UMOUNT_NOFOLLOW, "NOFOLLOW" },
};
static const struct arg_name namespace_names[] = {
	N(CLONE_FILES),	 N(CLONE_FS),	  N(CLONE_SYSVSEM), N(CLONE_NEWNS),  N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET),
};
static const struct arg_name memfd_names[] = { N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB) };
static const struct arg_name prot_names[] = { N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC) };
static const struct arg_name map_names[] = { N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS) };
static const struct arg_name domain_names[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET),  N(AF_INET6),	N(AF_NETLINK), N(AF_PACKET),
	N(AF_KEY),    N(AF_ALG),  N(AF_VSOCK), N(AF_BLUETOOTH), N(AF_CAN),     N(AF_XDP),
};
static const struct arg_name ptrace_names[] = {
	N(PTRACE_TRACEME),
	N(PTRACE_PEEKTEXT),
	N(PTRACE_PEEKDATA),
	N(PTRACE_PEEKUSR),
	N(PTRACE_POKETEXT),
	N(PTRACE_POKEDATA),
	N(PTRACE_POKEUSR),
	N(PTRACE_CONT),
	N(PTRACE_KILL),
	N(PTRACE_SINGLESTEP),
	{ 12, "PTRACE_GETREGS" },
	{ 13, "PTRACE_SETREGS" },
	{ 14, "PTRACE_GETFPREGS" },
	{ 15, "PTRACE_SETFPREGS" },
	N(PTRACE_ATTACH),
	N(PTRACE_DETACH),
	N(PTRACE_SYSCALL),
	N(PTRACE_SETOPTIONS),
	N(PTRACE_GETEVENTMSG),
	N(PTRACE_GETSIGINFO),
	N(PTRACE_SETSIGINFO),
	N(PTRACE_GETREGSET),
	N(PTRACE_SETREGSET),
	N(PTRACE_SEIZE),
	N(PTRACE_INTERRUPT),
	N(PTRACE_LISTEN),
	N(PTRACE_PEEKSIGINFO),
	N(PTRACE_GETSIGMASK),
	N(PTRACE_SETSIGMASK),
};
static const struct arg_name signal_names[] = {
	N(SIGHUP),    N(SIGINT),  N(SIGQUIT),  N(SIGILL),  N(SIGTRAP), N(SIGABRT), N(SIGBUS),  N(SIGFPE),
	N(SIGKILL),   N(SIGUSR1), N(SIGSEGV),  N(SIGUSR2), N(SIGPIPE), N(SIGALRM), N(SIGTERM), N(SIGCHLD),
	N(SIGCONT),   N(SIGSTOP), N(SIGTSTP),  N(SIGTTIN), N(SIGTTOU), N(SIGURG),  N(SIGXCPU), N(SIGXFSZ),
	N(SIGVTALRM), N(SIGPROF), N(SIGWINCH), N(SIGIO),   N(SIGPWR),  N(SIGSYS),
};
static const struct arg_name prctl_names[] = {
	N(PR_SET_DUMPABLE),	N(PR_SET_SECUREBITS), N(PR_CAPBSET_DROP),  N(PR_CAP_AMBIENT),
	N(PR_SET_PTRACER),	N(PR_SET_MM),	      N(PR_SET_NAME),	   N(PR_SET_SECCOMP),
	N(PR_SET_NO_NEW_PRIVS), N(PR_SET_KEEPCAPS),   N(PR_SET_PDEATHSIG), N(PR_SET_CHILD_SUBREAPER),
};
static const struct arg_name bpf_names[] = {
	N(BPF_MAP_CREATE),
	N(BPF_MAP_LOOKUP_ELEM),
	N(BPF_MAP_UPDATE_ELEM),
	N(BPF_MAP_DELETE_ELEM),
	N(BPF_MAP_GET_NEXT_KEY),
	N(BPF_PROG_LOAD),
	N(BPF_OBJ_PIN),
	N(BPF_OBJ_GET),
	N(BPF_PROG_ATTACH),
	N(BPF_PROG_DETACH),
	N(BPF_PROG_TEST_RUN),
	N(BPF_PROG_GET_NEXT_ID),
	N(BPF_OBJ_GET_INFO_BY_FD),
	N(BPF_PROG_QUERY),
	N(BPF_RAW_TRACEPOINT_OPEN),
	N(BPF_BTF_LOAD),
	N(BPF_TASK_FD_QUERY),
	N(BPF_MAP_FREEZE),
	N(BPF_LINK_CREATE),
};

#define TABLE(names)                                                                                                 \
	{                                                                                                            \
		(names), ARRAY_SIZE(names)                                                                           \
	}

static const struct {
	const struct arg_name *names;
	size_t count;
} tables[NAMES_COUNT] = {
	[NAMES_OPEN] = TABLE(open_names),     [NAMES_MODE] = TABLE(mode_names),
	[NAMES_REMOVE] = TABLE(remove_names), [NAMES_RENAME] = TABLE(rename_names),
	[NAMES_LINK] = TABLE(link_names),     [NAMES_CHOWN] = TABLE(chown_names),
	[NAMES_DUP] = TABLE(dup_names),	      [NAMES_MOUNT] = TABLE(mount_names),
	[NAMES_UMOUNT] = TABLE(umount_names), [NAMES_NAMESPACE] = TABLE(namespace_names),
	[NAMES_MEMFD] = TABLE(memfd_names),   [NAMES_PROT] = TABLE(prot_names),
	[NAMES_MAP] = TABLE(map_names),	      [NAMES_DOMAIN] = TABLE(domain_names),
	[NAMES_PTRACE] = TABLE(ptrace_names), [NAMES_SIGNAL] = TABLE(signal_names),
	[NAMES_PRCTL] = TABLE(prctl_names),   [NAMES_BPF] = TABLE(bpf_names),
};

void names_of_bits(enum sensor_names names, uint64_t bits, struct strbuf *out)
{
	for (size_t i = 0; i < tables[names].count; i++) {
		const struct arg_name *row = &tables[names].names[i];

		if (!row->value || (bits & row->value) != row->value)
			continue;
		if (out->length)
			strbuf_addc(out, '|');
		strbuf_adds(out, row->name);
	}
}

const char *name_of_value(enum sensor_names names, uint64_t value)
{
	for (size_t i = 0; i < tables[names].count; i++) {
		if (tables[names].names[i].value == value)
			return tables[names].names[i].name;
	}
	return NULL;
}
