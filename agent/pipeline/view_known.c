/* Which fields of a call are true already at its entry, before it has a result. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pipeline/view.h"
#include "agent/sensor/call_table.h"

static bool is_in(const struct view *view, uint64_t families)
{
	return sensor_call_in(view->event->call, families);
}

/* What stands in memory that another thread can write is known when the kernel has used it. */
static bool is_memory_stable(const struct view *view)
{
	return !view->event->is_memory_shared;
}

static const struct sensor_param *param_of(const struct view *view, const char *name)
{
	bool by_number = isdigit((unsigned char)*name);
	unsigned long number = by_number ? strtoul(name, NULL, 10) : 0;

	for (const struct sensor_param *param = sensor_call_rows[view->event->call].params; param->kind; param++) {
		if (by_number ? number-- == 0 : strcmp(param->name, name) == 0)
			return param;
	}
	return NULL;
}

static bool arg_is_known(const struct view *view, const char *name)
{
	const struct sensor_param *param = name ? param_of(view, name) : NULL;

	if (!param || param->kind == PARAM_NOTHING)
		return true;
	if (param->kind <= PARAM_NEW_PATH || param->kind == PARAM_TUPLE)
		return false;
	switch (param->kind) {
	case PARAM_PATH:
	case PARAM_PATH2:
		return !is_in(view, SENSOR_OPEN_CALLS);
	case PARAM_HOW:
	case PARAM_TEXT:
	case PARAM_CAPABILITIES:
	case PARAM_ADDRESS:
	case PARAM_MESSAGE:
		return is_memory_stable(view);
	case PARAM_OCTAL:
		return view->event->call != SENSOR_OPENAT2 || is_memory_stable(view);
	default:
		return true;
	}
}

/* The file that an open ends at is what counts, and is known when it is open. */
static bool open_is_known(const struct view *view, enum field field)
{
	switch (field) {
	case FIELD_EVT_IS_OPEN_READ:
	case FIELD_EVT_IS_OPEN_WRITE:
	case FIELD_EVT_IS_OPEN_EXEC:
	case FIELD_FD_TYPE:
	case FIELD_FD_TYPECHAR:
		return view->event->call != SENSOR_OPENAT2 || is_memory_stable(view);
	default:
		return false;
	}
}

/* Before connect() or sendto() the other end is known, and this one need not exist. */
static bool connection_is_known(const struct view *view, enum field field)
{
	switch (field) {
	case FIELD_FD_NUM:
	case FIELD_FD_TYPE:
	case FIELD_FD_TYPECHAR:
	case FIELD_FD_SOCKFAMILY:
	case FIELD_FD_L4PROTO:
		return true;
	case FIELD_FD_CONNECTED:
		return is_in(view, SENSOR_SEND_CALLS);
	case FIELD_FD_SIP:
	case FIELD_FD_RIP:
	case FIELD_FD_SNET:
	case FIELD_FD_RNET:
	case FIELD_FD_SPORT:
	case FIELD_FD_RPORT:
	case FIELD_FD_NAME_CHANGED:
		return is_memory_stable(view);
	default:
		return false;
	}
}

static bool fd_is_known(const struct view *view, enum field field)
{
	if (is_in(view, SENSOR_OPEN_CALLS))
		return open_is_known(view, field);
	if (is_in(view, SENSOR_CONNECT_CALLS | SENSOR_SEND_CALLS))
		return connection_is_known(view, field);
	if (is_in(view, SENSOR_DUP_CALLS))
		return field != FIELD_FD_NUM;
	return !is_in(view, SENSOR_ACCEPT_CALLS | SENSOR_SOCKET_CALLS) &&
	       !sensor_param_find(view->event->call, PARAM_NEW_FD);
}

bool view_is_known(const void *context, enum field field, const char *argument)
{
	const struct view *view = context;

	if (view->event->has_result)
		return true;
	switch (field) {
	case FIELD_EVT_RES:
	case FIELD_EVT_RAWRES:
	case FIELD_EVT_FAILED:
	case FIELD_EVT_ARGS:
		return false;
	case FIELD_EVT_ARG:
	case FIELD_EVT_RAWARG:
		return arg_is_known(view, argument);
	case FIELD_EVT_IS_OPEN_READ:
	case FIELD_EVT_IS_OPEN_WRITE:
	case FIELD_EVT_IS_OPEN_EXEC:
		return !is_in(view, SENSOR_OPEN_CALLS) || open_is_known(view, field);
	case FIELD_FS_PATH_NAME:
	case FIELD_FS_PATH_NAMERAW:
		return !is_in(view, SENSOR_OPEN_CALLS);
	default:
		/* fd.* are one block of fields.def */
		return field < FIELD_FD_NAME || field > FIELD_FD_RIP_NAME || fd_is_known(view, field);
	}
}
