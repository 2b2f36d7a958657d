#include "agent/sensor/bpf/refusal.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/attr.h"
#include "base/file.h"
#include "base/strbuf.h"

#define KERNEL_TYPES	   "/sys/kernel/btf/vmlinux"
#define LOCKDOWN	   "/sys/kernel/security/lockdown"
#define USER_NAMESPACE	   "/proc/self/ns/user"
#define SMALL_FILE_MAX	   256
#define FIRST_USER_NS_TEXT "user:[4026531837]" /* PROC_USER_INIT_INO of the kernel */

static bool capability_has(const struct __user_cap_data_struct data[2], int capability)
{
	return data[capability / 32].effective & (1u << (capability % 32));
}

static void capabilities_look(struct refusal_facts *facts)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	facts->has_admin = capability_has(data, CAP_SYS_ADMIN);
	facts->has_bpf = capability_has(data, CAP_BPF);
	facts->has_perfmon = capability_has(data, CAP_PERFMON);
}

void refusal_look(struct refusal_facts *facts)
{
	AUTO_STRBUF lockdown = STRBUF_INIT;
	char target[64] = "";

	memset(facts, 0, sizeof(*facts));
#if !defined(__x86_64__)
	facts->is_foreign = true;
#endif
	capabilities_look(facts);
	facts->has_types = file_exists(KERNEL_TYPES);
	if (file_read(LOCKDOWN, SMALL_FILE_MAX, &lockdown, NULL) >= 0)
		facts->is_confidential = strstr(lockdown.data, "[confidentiality]") != NULL;
	facts->is_first_user_namespace =
		readlink(USER_NAMESPACE, target, sizeof(target) - 1) < 0 || strcmp(target, FIRST_USER_NS_TEXT) == 0;
}

int refusal_before(const struct refusal_facts *facts, struct err *err)
{
	if (facts->is_foreign)
		return err_set(err, ERR_DENIED,
			       "cannot load BPF: this machine is not x86-64; run and task watch without BPF");
	if (!facts->has_admin && !(facts->has_bpf && facts->has_perfmon))
		return err_set(err, ERR_DENIED,
			       "cannot load BPF: not permitted: needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)");
	if (!facts->is_first_user_namespace)
		return err_set(err, ERR_DENIED,
			       "cannot load BPF: not permitted: capabilities of a user namespace do not count, "
			       "the agent must run in the first one");
	if (facts->is_confidential)
		return err_set(err, ERR_DENIED,
			       "cannot load BPF: the kernel is locked down (\"confidentiality\" in %s)", LOCKDOWN);
	if (!facts->has_types)
		return err_set(err, ERR_DENIED, "cannot load BPF: this kernel does not describe its types (no %s)",
			       KERNEL_TYPES);
	return 0;
}

int refusal_after(int error, const char *detail, struct err *err)
{
	errno = error;
	if (error == EPERM || error == EACCES)
		return err_set(err, ERR_DENIED,
			       "cannot load BPF: the kernel refuses although the capabilities are there (a seccomp "
			       "filter or security module?)%s%s",
			       *detail ? ": " : "", detail);
	if (error == ENOSYS)
		return err_set(err, ERR_DENIED, "cannot load BPF: this kernel has none");
	if (error == ENOMEM)
		return err_errno(err, ERR_MEMORY, "could not load BPF");
	return err_errno(err, ERR_DENIED, "cannot load BPF: the kernel does not accept the programs%s%s",
			 *detail ? ": " : "", detail);
}
