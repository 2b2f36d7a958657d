#include "agent/sensor/bpf/record.h"

#include <fcntl.h>
#include <string.h>

/* The texts of a record while they are being cut off its front. */
struct rest {
	const char *at;
	size_t length;
};

static const enum sensor_call kind_calls[WIRE_KIND_COUNT] = {
	[WIRE_CALL] = SENSOR_CALL_COUNT, /* the record says which */
	[WIRE_EXEC] = SENSOR_EXECVE,
	[WIRE_FORK] = SENSOR_CLONE,
	[WIRE_EXIT] = SENSOR_PROCEXIT,
};

/* Takes the next text; ret is NULL when the record has none. */
static int text_take(struct rest *rest, const struct wire_head *head, enum wire_text text, const char **ret,
		     struct err *err)
{
	size_t length = head->text_length[text];

	*ret = NULL;
	if (!(head->bits & WIRE_HAS(text)) && length > 0)
		return err_set(err, ERR_SYNTAX, "record has a text %d that its head denies", text);
	if (length > rest->length || length > WIRE_TEXT_MAX)
		return err_set(err, ERR_SYNTAX, "text %d of a record is %zu bytes, of which %zu are there", text,
			       length, rest->length);
	if (length > 0 && rest->at[length - 1] != 0)
		return err_set(err, ERR_SYNTAX, "text %d of a record does not end", text);
	if (head->bits & WIRE_HAS(text))
		*ret = length > 0 ? rest->at : "";
	rest->at += length;
	rest->length -= length;
	return 0;
}

/* "c\0b\0a\0" becomes "/a/b/c"; no names, "/". */
static const char *folder_join(const char *names, size_t length, char out[WIRE_TEXT_MAX + 1])
{
	char *at = out;
	size_t end = length;

	while (end > 0) {
		size_t start = end - 1;

		while (start > 0 && names[start - 1] != 0)
			start--;
		*at++ = '/';
		memcpy(at, names + start, end - 1 - start);
		at += end - 1 - start;
		end = start;
	}
	if (at == out)
		*at++ = '/';
	*at = 0;
	return out;
}

static int folder_take(struct rest *rest, const struct wire_head *head, enum wire_text text, char *buffer,
		       const char **ret, struct err *err)
{
	const char *names;

	if (text_take(rest, head, text, &names, err) < 0)
		return ERR_SYNTAX;
	*ret = names ? folder_join(names, head->text_length[text], buffer) : NULL;
	return 0;
}

static int texts_take(struct rest *rest, const struct wire_head *head, struct record *record, struct err *err)
{
	struct sensor_event *event = &record->event;

	if (text_take(rest, head, WIRE_PATH, &event->path, err) < 0 ||
	    text_take(rest, head, WIRE_PATH2, &event->path2, err) < 0 ||
	    text_take(rest, head, WIRE_ARGS, &event->args, err) < 0 ||
	    folder_take(rest, head, WIRE_REAL, record->real, &event->real_path, err) < 0 ||
	    folder_take(rest, head, WIRE_FOLDER, record->folder, &event->folder, err) < 0 ||
	    folder_take(rest, head, WIRE_FOLDER2, record->folder2, &event->folder2, err) < 0 ||
	    folder_take(rest, head, WIRE_CGROUP, record->cgroup, &event->cgroup, err) < 0)
		return ERR_SYNTAX;
	if (rest->length > 0)
		return err_set(err, ERR_SYNTAX, "record has %zu bytes after its texts", rest->length);
	if (head->kind == WIRE_EXEC) {
		event->exe_path = event->real_path;
		event->real_path = NULL;
	}
	return 0;
}

/* The program adds a NUL for arguments that were cut; others have their own before it. */
static size_t args_length(const struct wire_head *head, const char *args)
{
	size_t length = head->text_length[WIRE_ARGS];

	return length > 1 && args[length - 2] == 0 ? length - 1 : length;
}

static bool is_open_call(enum sensor_call call)
{
	return call == SENSOR_OPEN || call == SENSOR_OPENAT || call == SENSOR_OPENAT2 || call == SENSOR_CREAT;
}

/* The kernel marks an open file that the open itself made; that is asked when the call ends. */
static void new_file_tell(const struct wire_head *head, struct sensor_event *event)
{
	if (!is_open_call(event->call) || !event->has_result || event->result < 0)
		return;
	event->known_new_file = head->bits & WIRE_OPENED;
	event->is_new_file = event->known_new_file && (head->bits & WIRE_CREATED);
}

int record_decode(const void *data, size_t size, int64_t realtime_ns, struct record *record, struct err *err)
{
	struct sensor_event *event = &record->event;
	struct wire_head head;
	struct rest rest = { .at = (const char *)data + sizeof(head) };

	memset(event, 0, sizeof(*event));
	if (size < sizeof(head))
		return err_set(err, ERR_SYNTAX, "record is %zu bytes, less than its head", size);
	memcpy(&head, data, sizeof(head));
	if (head.length < sizeof(head) || head.length > size)
		return err_set(err, ERR_SYNTAX, "record says it is %u bytes, but is %zu", head.length, size);
	if (head.kind >= WIRE_KIND_COUNT || (head.kind == WIRE_CALL && head.call >= SENSOR_CALL_COUNT))
		return err_set(err, ERR_SYNTAX, "unrecognized record kind %u, call %u", head.kind, head.call);
	rest.length = head.length - sizeof(head);
	if (texts_take(&rest, &head, record, err) < 0)
		return ERR_SYNTAX;
	memcpy(record->comm, head.comm, WIRE_COMM_MAX);
	record->comm[WIRE_COMM_MAX] = 0;
	event->call = head.kind == WIRE_CALL ? (enum sensor_call)head.call : kind_calls[head.kind];
	event->time_ns = (int64_t)head.boot_ns + realtime_ns;
	event->tid = (pid_t)head.tid;
	event->pid = (pid_t)head.pid;
	event->ppid = (pid_t)head.ppid;
	event->child = (pid_t)head.child;
	event->result = head.result;
	event->has_result = !(head.bits & WIRE_BEGUN);
	event->dirfd = head.kind == WIRE_CALL ? head.dirfd : AT_FDCWD;
	event->dirfd2 = head.kind == WIRE_CALL ? head.dirfd2 : AT_FDCWD;
	event->flags = head.flags;
	event->mode = head.mode;
	event->uid = head.uid;
	event->gid = head.gid;
	event->has_ids = true;
	event->comm = record->comm;
	event->args_length = event->args ? args_length(&head, event->args) : 0;
	event->is_args_cut = head.bits & WIRE_ARGS_CUT;
	event->cgroup_id = head.cgroup;
	event->mount_namespace = head.mount_namespace;
	new_file_tell(&head, event);
	return 0;
}
