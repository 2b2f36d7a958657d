/* evt.arg: the parameters of each call under Falco's names, by the rows of agent/sensor/calls.def. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/pipeline/arg_names.h"
#include "agent/pipeline/view.h"
#include "agent/proc/capability.h"
#include "agent/proc/fd.h"
#include "agent/sensor/address.h"
#include "base/strbuf.h"

/* Parameters that are fields of the process. */
static const struct {
	const char *name;
	enum field field;
} process_params[] = {
	{ "exe", FIELD_PROC_EXE },   { "args", FIELD_PROC_ARGS }, { "tid", FIELD_THREAD_TID },
	{ "pid", FIELD_PROC_PID },   { "ptid", FIELD_PROC_PPID }, { "cwd", FIELD_PROC_CWD },
	{ "comm", FIELD_PROC_NAME }, { "env", FIELD_PROC_ENV },	  { "tty", FIELD_PROC_TTY },
	{ "uid", FIELD_USER_UID },   { "gid", FIELD_GROUP_GID },  { "loginuid", FIELD_USER_LOGINUID },
};

static const char *number_text(const struct view *view, int64_t number)
{
	return arena_printf(view->arena, "%lld", (long long)number);
}

static const char *dirfd_text(const struct view *view, int dirfd)
{
	return dirfd == AT_FDCWD ? "AT_FDCWD" : number_text(view, dirfd);
}

static const char *error_text(const struct view *view)
{
	int64_t result = view->event->result;
	const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;

	return name ? name : number_text(view, result);
}

/* Parameters are texts, whatever the field is. */
static bool read_process(const struct view *view, const char *name, struct value *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(process_params); i++) {
		if (strcmp(process_params[i].name, name) != 0)
			continue;
		if (!view_read(view, process_params[i].field, NULL, ret))
			return false;
		return ret->type == VALUE_TEXT || view_set_text(ret, number_text(view, ret->number));
	}
	return false;
}

static bool set_bits(const struct view *view, const struct sensor_param *param, uint64_t bits, const char *none,
		     struct value *ret)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	names_of_bits((enum sensor_names)param->names, bits, &buf);
	return view_set_text(ret, arena_dup(view->arena, buf.length ? buf.data : none));
}

static bool set_enum(const struct view *view, const struct sensor_param *param, int64_t value, struct value *ret)
{
	const char *name = name_of_value((enum sensor_names)param->names, (uint64_t)value);

	return view_set_text(ret, name ? name : number_text(view, value));
}

static bool read_status(const struct view *view, enum sensor_param_kind kind, struct value *ret)
{
	struct stat status;

	if (!view->event->has_result || view->event->result < 0 ||
	    !proc_fd_stat(view->event->tid, (int)view->event->result, &status))
		return false;
	return view_set_text(ret, number_text(view, (int64_t)(kind == PARAM_INODE ? status.st_ino : status.st_dev)));
}

/* What the call was given of an address, or else what the socket says. */
static bool read_address(const struct view *view, struct value *ret)
{
	const struct sensor_socket *socket = view_socket(view);
	char text[ADDRESS_TEXT_MAX];

	if (!socket)
		return false;
	address_print(view->event->call == SENSOR_BIND ? &socket->local : &socket->remote, text);
	return *text && view_set_text(ret, arena_dup(view->arena, text));
}

static bool read_text(const struct view *view, const struct sensor_param *param, struct value *ret)
{
	const struct sensor_param *params = sensor_call_rows[view->event->call].params;
	size_t number = 0;

	for (const struct sensor_param *before = params; before < param; before++)
		number += before->kind == PARAM_TEXT;
	return number < SENSOR_TEXTS_MAX && view_set_text(ret, view->event->texts[number]);
}

static bool read_result(const struct view *view, const struct sensor_param *param, bool raw, struct value *ret)
{
	if (!view->event->has_result)
		return false;
	switch (param->kind) {
	case PARAM_RESULT:
	case PARAM_RETURN:
		return view_set_text(ret, raw ? number_text(view, view->event->result) : error_text(view));
	case PARAM_ADDRESS_OF:
		if (view->event->result < 0 && view->event->result >= -4095)
			return view_set_text(ret, error_text(view));
		return view_set_text(ret, arena_printf(view->arena, "%llx", (unsigned long long)view->event->result));
	case PARAM_NEW_PATH:
		return view_set_text(ret, view_path(view));
	case PARAM_DEVICE:
	case PARAM_INODE:
		return read_status(view, param->kind, ret);
	default:
		return view_set_text(ret, number_text(view, view->event->result));
	}
}

/* Parameters out of members of the event. */
static bool read_member(const struct view *view, const struct sensor_param *param, bool raw, struct value *ret)
{
	const struct sensor_event *event = view->event;

	switch (param->kind) {
	case PARAM_DIRFD:
		return view_set_text(ret, raw ? number_text(view, event->dirfd) : dirfd_text(view, event->dirfd));
	case PARAM_DIRFD2:
		return view_set_text(ret, raw ? number_text(view, event->dirfd2) : dirfd_text(view, event->dirfd2));
	case PARAM_PATH:
		return view_set_text(ret, raw ? event->path : view_path(view));
	case PARAM_PATH2:
		return view_set_text(ret, raw ? event->path2 : view_path2(view));
	case PARAM_OPEN_FLAGS:
	case PARAM_HOW:
	case PARAM_FLAGS:
		if (raw)
			return view_set_text(ret, number_text(view, event->flags));
		return set_bits(view, param, event->flags, param->names == NAMES_OPEN ? "O_RDONLY" : "0", ret);
	case PARAM_OCTAL:
		return view_set_text(ret, arena_printf(view->arena, raw ? "%u" : "0%o", event->mode));
	case PARAM_MODE:
		if (raw)
			return view_set_text(ret, number_text(view, event->mode));
		return set_bits(view, param, event->mode, "0", ret);
	case PARAM_TUPLE:
		return view_read(view, FIELD_FD_NAME, NULL, ret);
	case PARAM_ADDRESS:
	case PARAM_MESSAGE:
		return read_address(view, ret);
	case PARAM_TEXT:
		return read_text(view, param, ret);
	case PARAM_PROCESS:
	case PARAM_ENVIRONMENT:
		return read_process(view, param->name, ret);
	default:
		return false;
	}
}

static bool read_id(const struct view *view, const struct sensor_param *param, uint64_t value, bool raw,
		    struct value *ret)
{
	const char *name = NULL;

	/* all ones: leave it as it is */
	if (!raw && (uint32_t)value != UINT32_MAX)
		name = param->kind == PARAM_USER ? view_user_name(view, (uint32_t)value)
						 : view_group_name(view, (uint32_t)value);
	return view_set_text(ret, name ? name : number_text(view, (int32_t)value));
}

static bool read_capabilities(const struct view *view, const struct sensor_param *param, bool raw, struct value *ret)
{
	AUTO_STRBUF buf = STRBUF_INIT;
	uint64_t set = view->event->capabilities[param->names];

	if (raw)
		return view_set_text(ret, arena_printf(view->arena, "%llu", (unsigned long long)set));
	capabilities_print(set, &buf);
	return view_set_text(ret, arena_dup(view->arena, buf.data));
}

/* Parameters as they are in registers. Numbers are C's int, as almost all of them are; longer ones are unsigned. */
static bool read_register(const struct view *view, const struct sensor_param *param, bool raw, struct value *ret)
{
	uint64_t value = param->arg ? view->event->registers[param->arg - 1] : 0;
	bool is_wide = value >> 32 != 0 && value >> 32 != UINT32_MAX;
	int64_t number = is_wide ? (int64_t)value : (int32_t)value;

	switch (param->kind) {
	case PARAM_HEX:
		return view_set_text(ret, arena_printf(view->arena, "%llx", (unsigned long long)value));
	case PARAM_USER:
	case PARAM_GROUP:
		return read_id(view, param, value, raw, ret);
	case PARAM_CAPABILITIES:
		return read_capabilities(view, param, raw, ret);
	case PARAM_ENUM:
		return raw ? view_set_text(ret, number_text(view, number)) : set_enum(view, param, number, ret);
	case PARAM_BITS:
		return raw ? view_set_text(ret, number_text(view, number)) : set_bits(view, param, value, "0", ret);
	default:
		return view_set_text(ret, number_text(view, number));
	}
}

static bool read_param(const struct view *view, const struct sensor_param *param, bool raw, struct value *ret)
{
	if (param->kind == PARAM_NOTHING)
		return false;
	if (param->kind <= PARAM_NEW_PATH)
		return read_result(view, param, raw, ret);
	if (param->kind <= PARAM_MODE || param->kind >= PARAM_TEXT)
		return param->kind == PARAM_CAPABILITIES ? read_capabilities(view, param, raw, ret)
							 : read_member(view, param, raw, ret);
	return read_register(view, param, raw, ret);
}

bool view_arg(const struct view *view, const char *name, bool raw, struct value *ret)
{
	bool by_number = name && isdigit((unsigned char)*name);
	unsigned long number = by_number ? strtoul(name, NULL, 10) : 0;

	for (const struct sensor_param *param = sensor_call_rows[view->event->call].params; name && param->kind;
	     param++) {
		if (by_number ? number-- == 0 : strcmp(param->name, name) == 0)
			return read_param(view, param, raw, ret);
	}
	return false;
}

size_t view_params(const struct view *view, struct call_param params[CALL_PARAMS_MAX])
{
	struct value value;
	size_t count = 0;

	for (const struct sensor_param *param = sensor_call_rows[view->event->call].params; param->kind; param++) {
		if (count < CALL_PARAMS_MAX && param->kind != PARAM_ENVIRONMENT &&
		    read_param(view, param, false, &value))
			params[count++] = (struct call_param){ param->name, value.text };
	}
	return count;
}

/* What the call itself does not carry, and whoever reads of it later cannot find out any more. */
static const enum field side_fields[] = {
	FIELD_FD_RIP_NAME,	 FIELD_DNS_QUESTION_NAME, FIELD_DNS_QUESTION_TYPE,
	FIELD_DNS_RESPONSE_CODE, FIELD_DNS_RESOLVED_IP,
};

size_t view_side_params(const struct view *view, struct call_param params[CALL_PARAMS_MAX], size_t count)
{
	struct value value;

	for (size_t i = 0; i < ARRAY_SIZE(side_fields) && count < CALL_PARAMS_MAX; i++) {
		if (view_read(view, side_fields[i], NULL, &value))
			params[count++] = (struct call_param){ field_infos[side_fields[i]].name, value.text };
	}
	if (view->event->is_likely && count < CALL_PARAMS_MAX)
		params[count++] = (struct call_param){ "process", "likely" };
	return count;
}

bool view_args(const struct view *view, struct value *ret)
{
	struct call_param params[CALL_PARAMS_MAX];
	size_t count = view_params(view, params);
	AUTO_STRBUF buf = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		strbuf_addf(&buf, "%s%s=%s", buf.length ? " " : "", params[i].name, params[i].value);
	return view_set_text(ret, arena_dup(view->arena, buf.data));
}
