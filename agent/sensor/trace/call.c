#include "agent/sensor/trace/call.h"

#include <linux/capability.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/proc/name.h"
#include "agent/proc/proc.h"
#include "agent/sensor/address.h"
#include "agent/sensor/trace/memory.h"
#include "base/attr.h"
#include "base/time.h"

/* ERESTARTSYS .. ERESTART_RESTARTBLOCK of the kernel, not in any header of user space. */
#define RESTART_FIRST 512
#define RESTART_LAST  516

/* While a call is being read. */
struct reading {
	struct pending_call *pending;
	const struct call_origin *origin;
	const uint64_t *args;
	size_t text_count;
	struct memory_text paths[2];
};

static uint64_t argument(const struct reading *reading, const struct sensor_param *param)
{
	return param->arg ? reading->args[param->arg - 1] : 0;
}

static void read_paths(const struct reading *reading)
{
	struct sensor_event *event = &reading->pending->event;
	bool is_read[2];

	if (!reading->paths[0].address && !reading->paths[1].address)
		return;
	memory_read_texts(reading->origin->tid, reading->paths, PATH_MAX, is_read);
	event->path = is_read[0] ? reading->pending->path : NULL;
	event->path2 = is_read[1] ? reading->pending->path2 : NULL;
}

static void read_text(struct reading *reading, const struct sensor_param *param)
{
	char *out = reading->pending->texts[reading->text_count];
	uint64_t address = argument(reading, param);

	if (reading->text_count == SENSOR_TEXTS_MAX)
		return;
	if (address && memory_read_start(reading->origin->tid, address, out, SENSOR_TEXT_MAX))
		reading->pending->event.texts[reading->text_count] = out;
	reading->text_count++;
}

static void read_how(const struct reading *reading, const struct sensor_param *param)
{
	struct open_how how;

	if (!memory_read(reading->origin->tid, argument(reading, param), &how, sizeof(how)))
		return;
	reading->pending->event.flags = (uint32_t)how.flags;
	reading->pending->event.mode = (uint32_t)how.mode;
}

static void read_capabilities(const struct reading *reading, const struct sensor_param *param)
{
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t *out = reading->pending->event.capabilities;

	if (param->names != 0 || !memory_read(reading->origin->tid, argument(reading, param), data, sizeof(data)))
		return;
	out[0] = data[0].effective | (uint64_t)data[1].effective << 32;
	out[1] = data[0].permitted | (uint64_t)data[1].permitted << 32;
	out[2] = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
}

/* bind() says which end is this one, everything else names the other. */
static void read_address(const struct reading *reading, uint64_t address, uint64_t size)
{
	struct pending_call *pending = reading->pending;
	bool is_local = pending->event.call == SENSOR_BIND;
	struct sockaddr_storage data;

	if (size > sizeof(data))
		size = sizeof(data);
	if (!address || !memory_read(reading->origin->tid, address, &data, size))
		return;
	address_read(&data, size, is_local ? &pending->socket.local : &pending->socket.remote);
	pending->socket.family = data.ss_family;
}

static void read_message(const struct reading *reading, const struct sensor_param *param)
{
	pid_t tid = reading->origin->tid;
	uint64_t address = argument(reading, param);
	struct msghdr header;
	uint32_t narrow[2];

	if (reading->origin->arch == ARCH_I386) {
		if (memory_read(tid, address, narrow, sizeof(narrow)))
			read_address(reading, narrow[0], narrow[1]);
	} else if (memory_read(tid, address, &header, sizeof(header))) {
		read_address(reading, (uint64_t)(uintptr_t)header.msg_name, header.msg_namelen);
	}
}

static void read_param(struct reading *reading, const struct sensor_param *param)
{
	struct pending_call *pending = reading->pending;
	struct sensor_event *event = &pending->event;

	switch (param->kind) {
	case PARAM_DIRFD:
		event->dirfd = (int)argument(reading, param);
		break;
	case PARAM_DIRFD2:
		event->dirfd2 = (int)argument(reading, param);
		break;
	case PARAM_PATH:
		reading->paths[0].address = argument(reading, param);
		break;
	case PARAM_PATH2:
		reading->paths[1].address = argument(reading, param);
		break;
	case PARAM_OPEN_FLAGS:
	case PARAM_FLAGS:
		event->flags |= (uint32_t)argument(reading, param);
		break;
	case PARAM_HOW:
		read_how(reading, param);
		break;
	case PARAM_OCTAL:
	case PARAM_MODE:
		event->mode |= (uint32_t)argument(reading, param);
		break;
	case PARAM_SOCKET_FD:
		pending->socket.fd = (int)argument(reading, param);
		break;
	case PARAM_TEXT:
		read_text(reading, param);
		break;
	case PARAM_CAPABILITIES:
		read_capabilities(reading, param);
		break;
	case PARAM_ADDRESS:
		read_address(reading, argument(reading, param), reading->args[param->arg]);
		break;
	case PARAM_MESSAGE:
		read_message(reading, param);
		break;
	default: /* as it is in the register, or known later */
		break;
	}
}

static bool is_open(const struct sensor_event *event)
{
	return sensor_call_in(event->call, SENSOR_OPEN_CALLS);
}

/* What descriptor fd leads to, if that has a path. */
static const char *fd_path(const struct pending_call *pending, int fd, char out[PATH_MAX])
{
	const struct root *root = fd < 0 ? NULL : roots_get(pending->roots, pending->event.pid);
	char link[PROC_FILE_NAME_MAX];

	return root && proc_link_below(root->path, proc_fd_name(link, pending->event.tid, fd), out) && out[0] == '/'
		       ? out
		       : NULL;
}

static const char *real_path(const struct pending_call *pending, int dirfd, const char *path, char out[PATH_MAX])
{
	const struct root *root = path ? roots_get(pending->roots, pending->event.pid) : NULL;

	return root && path_real_below(root->fd, root->path, pending->event.tid, dirfd, path, out) ? out : NULL;
}

static const char *find_first(struct pending_call *pending)
{
	struct sensor_event *event = &pending->event;
	const struct sensor_param *param = sensor_param_find(event->call, PARAM_FILE_FD);
	const char *opened = NULL;

	if (param)
		return fd_path(pending, (int)event->registers[param->arg - 1], pending->real);
	/* What was really opened: another thread may have changed the path after we read it. */
	if (is_open(event) && event->has_result)
		opened = fd_path(pending, (int)event->result, pending->real);
	return opened ? opened : real_path(pending, event->dirfd, event->path, pending->real);
}

/* Bytes of path up to its last name; -1 if it does not end with one. */
static ptrdiff_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name - path : -1;
}

/* True if both paths of the call name something in one folder, written in the same way; *ret_length: bytes up to the names. */
static bool is_one_folder(const struct sensor_event *event, ptrdiff_t *ret_length)
{
	if (!event->path || !event->path2 || event->dirfd != event->dirfd2)
		return false;
	*ret_length = folder_length(event->path);
	return *ret_length >= 0 && *ret_length == folder_length(event->path2) &&
	       strncmp(event->path, event->path2, (size_t)*ret_length) == 0;
}

/* What is renamed mostly stays in its folder, whose links are followed once for both. NULL if it does not, or they cannot be. */
static const char *beside_first(struct pending_call *pending)
{
	struct sensor_event *event = &pending->event;
	ptrdiff_t length, real;

	if (!is_one_folder(event, &length))
		return NULL;
	if (!event->real_path)
		event->real_path = find_first(pending);
	real = event->real_path ? folder_length(event->real_path) : -1;
	if (real < 0 || strcmp(event->path + length, event->real_path + real) != 0 ||
	    (size_t)real + strlen(event->path2 + length) >= sizeof(pending->real2))
		return NULL;
	memcpy(pending->real2, event->real_path, (size_t)real);
	strcpy(pending->real2 + real, event->path2 + length);
	return pending->real2;
}

/* find_real of the event, which is the one inside a pending_call. */
static const char *find_real(const struct sensor_event *event, bool second)
{
	struct pending_call *pending =
		(struct pending_call *)((uintptr_t)event - offsetof(struct pending_call, event));

	if (!second)
		return pending->event.real_path = find_first(pending);
	pending->event.real_path2 = beside_first(pending);
	if (pending->event.real_path2)
		return pending->event.real_path2;
	return pending->event.real_path2 = real_path(pending, event->dirfd2, event->path2, pending->real2);
}

void call_enter(struct pending_call *pending, enum sensor_call call, const struct call_origin *origin,
		const uint64_t args[6])
{
	struct reading reading = { .pending = pending,
				   .origin = origin,
				   .args = args,
				   .paths = { { 0, pending->path }, { 0, pending->path2 } } };
	struct sensor_event *event = &pending->event;

	*event = (struct sensor_event){
		.call = call,
		.time_ns = time_now_ns(),
		.tid = origin->tid,
		.pid = origin->pid,
		.dirfd = AT_FDCWD,
		.dirfd2 = AT_FDCWD,
		.flags = sensor_call_rows[call].fixed_flags,
		.find_real = find_real,
		.is_memory_shared = origin->is_memory_shared,
		.is_held = true,
	};
	pending->roots = origin->roots;
	memcpy(event->registers, args, sizeof(event->registers));
	if (sensor_call_in(call, SENSOR_NETWORK_CALLS)) {
		pending->socket = (struct sensor_socket){ .fd = -1 };
		event->socket = &pending->socket;
	}
	for (const struct sensor_param *param = sensor_call_rows[call].params; param->kind; param++)
		read_param(&reading, param);
	read_paths(&reading);
	/* Otherwise the register holds whatever was in it. */
	if (is_open(event) && !(event->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		event->mode = 0;
	/* A new user namespace, for one, gives all of them. */
	if (sensor_call_in(call, SENSOR_IDS_CALLS | SENSOR_KERNEL_CALLS) &&
	    proc_capabilities_read(origin->tid, &pending->capabilities))
		event->former_capabilities = &pending->capabilities;
}

void call_look(struct pending_call *pending, bool new_files)
{
	struct sensor_event *event = &pending->event;
	const struct root *root;

	if (is_open(event)) {
		root = new_files && event->path && (event->flags & O_CREAT) ? roots_get(pending->roots, event->pid)
									    : NULL;
		if (root)
			event->is_new_file = !path_exists_below(root->fd, root->path, event->tid, event->dirfd,
								event->path, &event->known_new_file) &&
					     event->known_new_file;
		return;
	}
	if (event->path && !event->real_path)
		find_real(event, false);
	/* The target of a symbolic link is only a text. */
	if (event->path2 && !event->real_path2 && !sensor_call_in(event->call, SENSOR_SYMLINK_CALLS))
		find_real(event, true);
}

void call_exit(struct pending_call *pending, int64_t result)
{
	struct sensor_event *event = &pending->event;

	event->result = result;
	event->has_result = true;
	if (sensor_call_in(event->call, SENSOR_ACCEPT_CALLS))
		pending->socket.fd = (int)result;
	if (!is_open(event))
		return;
	event->is_new_file = event->is_new_file && result >= 0;
	event->real_path = NULL;
}

bool call_restarts(int64_t result)
{
	return result <= -RESTART_FIRST && result >= -RESTART_LAST;
}

bool call_read_socketcall(pid_t tid, uint64_t address, uint64_t ret_args[6])
{
	uint32_t narrow[6] = { 0 };

	/* No call has less than two arguments, and what lies behind them need not be readable. */
	if (!memory_read(tid, address, narrow, sizeof(narrow)) &&
	    !memory_read(tid, address, narrow, 2 * sizeof(*narrow)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(narrow); i++)
		ret_args[i] = narrow[i];
	return true;
}
