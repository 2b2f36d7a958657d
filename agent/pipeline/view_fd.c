/* fd.*: the file or socket that a call is about. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/pipeline/view.h"
#include "agent/proc/fd.h"
#include "agent/sensor/address.h"
#include "agent/sensor/call_table.h"

static bool is_in(const struct view *view, uint64_t families)
{
	return sensor_call_in(view->event->call, families);
}

static bool is_open(const struct view *view)
{
	return is_in(view, SENSOR_OPEN_CALLS);
}

static bool has_failed(const struct view *view)
{
	return view->event->has_result && view->event->result < 0;
}

/* The argument of the first parameter of a kind; false if the call has none. */
static bool argument_of(const struct view *view, enum sensor_param_kind kind, int *ret)
{
	const struct sensor_param *param = sensor_param_find(view->event->call, kind);

	if (!param)
		return false;
	*ret = (int)view->event->registers[param->arg - 1];
	return true;
}

/* Descriptor that the call is about: the one that it made, else the one that it was given. */
static bool fd_of(const struct view *view, int *ret)
{
	const struct sensor_event *event = view->event;

	if (event->socket && event->socket->fd >= 0) {
		*ret = event->socket->fd;
		return true;
	}
	if (is_in(view, SENSOR_DUP_CALLS) && (!event->has_result || has_failed(view)))
		return argument_of(view, PARAM_FD, ret);
	if (sensor_param_find(event->call, PARAM_NEW_FD)) {
		*ret = has_failed(view) ? -1 : (int)event->result;
		return event->has_result;
	}
	return argument_of(view, PARAM_FILE_FD, ret) || argument_of(view, PARAM_FD, ret);
}

/* Asks the socket itself. Where a connection was made its own word counts: the address may have been changed after it was read. */
static bool ask_socket(const struct view *view, int fd, struct sensor_socket *socket)
{
	const struct sensor_event *event = view->event;
	struct sensor_address remote = socket->remote;

	if (is_in(view, SENSOR_CONNECT_CALLS) && event->has_result && event->result >= 0)
		socket->remote = (struct sensor_address){ 0 };
	if (!proc_socket_read(event->tid, fd, socket)) {
		socket->remote = remote;
		return false;
	}
	if (!socket->remote.family || socket->remote.family == AF_UNIX)
		socket->remote = remote;
	return true;
}

const struct sensor_socket *view_socket(const struct view *view)
{
	struct view_found *found = view->found;
	const struct sensor_socket *sensed = view->event->socket;
	int fd;

	if (found->has_socket)
		return found->known_socket;
	found->has_socket = true;
	found->socket = sensed ? *sensed : (struct sensor_socket){ .fd = -1 };
	/* A sensor that knows both ends needs not be helped, and the process may be gone. */
	if (sensed && sensed->local.family && sensed->remote.family && sensed->type)
		found->known_socket = &found->socket;
	else if ((sensed || is_in(view, SENSOR_DUP_CALLS)) && fd_of(view, &fd) &&
		 ask_socket(view, fd, &found->socket))
		found->known_socket = &found->socket;
	else if (sensed && (sensed->local.family || sensed->remote.family))
		found->known_socket = &found->socket;
	return found->known_socket;
}

static const struct proc_fd *view_fd(const struct view *view)
{
	struct view_found *found = view->found;
	struct proc_fd *fd;
	int number;

	if (found->has_fd)
		return found->fd;
	found->has_fd = true;
	fd = arena_new(view->arena, struct proc_fd);
	if (fd && fd_of(view, &number) && proc_fd_read(view->event->tid, number, fd))
		found->fd = fd;
	return found->fd;
}

static bool is_client(const struct view *view)
{
	return !is_in(view, SENSOR_ACCEPT_CALLS) && view->event->call != SENSOR_BIND &&
	       view->event->call != SENSOR_LISTEN;
}

enum end { END_LOCAL, END_REMOTE, END_CLIENT, END_SERVER };

/* One end of the connection, or NULL. */
static const struct sensor_address *end_of(const struct view *view, enum end end)
{
	const struct sensor_socket *socket = view_socket(view);
	const struct sensor_address *address;
	bool is_local = end == END_LOCAL || end == (is_client(view) ? END_CLIENT : END_SERVER);

	if (!socket)
		return NULL;
	address = is_local ? &socket->local : &socket->remote;
	return address->family ? address : NULL;
}

static bool is_ip(const struct sensor_address *address)
{
	return address && (address->family == AF_INET || address->family == AF_INET6);
}

static const char *socket_name(const struct view *view)
{
	const struct sensor_address *client = end_of(view, END_CLIENT), *server = end_of(view, END_SERVER);
	char from[ADDRESS_TEXT_MAX] = "", to[ADDRESS_TEXT_MAX] = "";

	if (client)
		address_print(client, from);
	if (server)
		address_print(server, to);
	/* One name is all that a Unix socket has. */
	if ((client && client->family == AF_UNIX) || (server && server->family == AF_UNIX))
		return arena_dup(view->arena, *to ? to : from);
	if (!*from || !*to)
		return arena_dup(view->arena, *to ? to : from);
	return arena_printf(view->arena, "%s->%s", from, to);
}

static bool read_name(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct proc_fd *fd;

	if (is_open(view) || sensor_param_find(view->event->call, PARAM_FILE_FD))
		return view_set_text(ret, view_path(view));
	if (view_socket(view)) {
		const char *name = socket_name(view);

		return name && *name && view_set_text(ret, name);
	}
	fd = view_fd(view);
	return fd && view_set_text(ret, fd->name);
}

static bool read_nameraw(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return is_open(view) && view_set_text(ret, view->event->path);
}

/* -1 for a call that failed to make one, as rules expect. */
static bool read_num(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	int fd;

	if (!fd_of(view, &fd))
		return false;
	*ret = value_int(fd);
	return true;
}

static const char *file_name(const struct view *view)
{
	struct value value;

	if (view_socket(view) || !read_name(view, NULL, &value) || value.text[0] != '/')
		return NULL;
	return value.text;
}

static bool read_directory(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *path = file_name(view);
	size_t length;

	if (!path)
		return false;
	length = (size_t)(path_filename(path) - path);
	if (length > 1)
		length--;
	return view_set_text(ret, arena_copy(view->arena, path, length));
}

static bool read_filename(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *path = file_name(view);

	return path && view_set_text(ret, path_filename(path));
}

static bool type_of(const struct view *view, const char **ret_type, char *ret_letter)
{
	const struct sensor_socket *socket;
	const struct proc_fd *fd;

	*ret_type = "file";
	*ret_letter = 'f';
	if (is_open(view)) {
		if (view->event->flags & O_DIRECTORY) {
			*ret_type = "directory";
			*ret_letter = 'd';
		}
		return true;
	}
	socket = view_socket(view);
	if (socket && socket->family) {
		*ret_type = socket->family == AF_INET ? "ipv4" : socket->family == AF_INET6 ? "ipv6" : "unix";
		*ret_letter = socket->family == AF_INET ? '4' : socket->family == AF_INET6 ? '6' : 'u';
		return socket->family == AF_INET || socket->family == AF_INET6 || socket->family == AF_UNIX;
	}
	fd = view_fd(view);
	if (!fd)
		return false;
	*ret_type = fd->type;
	*ret_letter = fd->letter;
	return true;
}

static bool read_type(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *type;
	char letter;

	return type_of(view, &type, &letter) && view_set_text(ret, type);
}

static bool read_typechar(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const char *type;
	char letter;

	return type_of(view, &type, &letter) && view_set_text(ret, arena_copy(view->arena, &letter, 1));
}

static bool read_dev(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	struct stat status;
	int fd;

	if (!fd_of(view, &fd) || !proc_fd_stat(view->event->tid, fd, &status))
		return false;
	*ret = value_int((int64_t)status.st_dev);
	return true;
}

static bool read_name_changed(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	bool is_named = view->event->socket && view->event->socket->remote.family;

	*ret = value_bool(is_named && is_in(view, SENSOR_SEND_CALLS | SENSOR_CONNECT_CALLS));
	return view->event->socket;
}

static bool read_connected(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct sensor_socket *socket = view_socket(view);

	if (!socket)
		return false;
	*ret = value_bool(socket->is_connected);
	return true;
}

static bool read_sockfamily(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct sensor_socket *socket = view_socket(view);

	if (!socket)
		return false;
	if (socket->family == AF_UNIX)
		return view_set_text(ret, "unix");
	return (socket->family == AF_INET || socket->family == AF_INET6) && view_set_text(ret, "ip");
}

static bool read_l4proto(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	const struct sensor_socket *socket = view_socket(view);

	if (!socket || (socket->family != AF_INET && socket->family != AF_INET6))
		return false;
	if (socket->protocol == IPPROTO_ICMP || socket->protocol == IPPROTO_ICMPV6)
		return view_set_text(ret, "icmp");
	switch (socket->type) {
	case SOCK_STREAM:
		return view_set_text(ret, "tcp");
	case SOCK_DGRAM:
		return view_set_text(ret, "udp");
	case SOCK_RAW:
		return view_set_text(ret, "raw");
	}
	return false;
}

static bool set_ip(const struct sensor_address *address, enum value_type type, struct value *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!is_ip(address))
		return false;
	*ret = (struct value){ .type = type, .is_v4 = address->family == AF_INET };
	if (ret->is_v4) {
		memcpy(ret->ip, mapped, sizeof(mapped));
		memcpy(ret->ip + sizeof(mapped), address->ip, 4);
	} else {
		memcpy(ret->ip, address->ip, sizeof(ret->ip));
	}
	return true;
}

static bool set_port(const struct sensor_address *address, struct value *ret)
{
	if (!is_ip(address))
		return false;
	*ret = (struct value){ .type = VALUE_PORT, .unumber = address->port };
	return true;
}

/* Both ends, as far as they are known. */
static bool read_ends(const struct view *view, enum value_type type, struct value *ret)
{
	struct value *items = arena_array(view->arena, struct value, 2);
	size_t count = 0;

	for (int i = 0; items && i < 2; i++) {
		const struct sensor_address *address = end_of(view, i ? END_REMOTE : END_LOCAL);

		if (type == VALUE_PORT ? set_port(address, &items[count]) : set_ip(address, type, &items[count]))
			count++;
	}
	*ret = (struct value){ .type = type, .is_list = true, .items = items, .count = count };
	return count > 0;
}

#define END_READERS(letter, end)                                                                                     \
	static bool read_##letter##ip(const struct view *view, const char *argument UNUSED, struct value *ret)       \
	{                                                                                                            \
		return set_ip(end_of(view, (end)), VALUE_IP, ret);                                                   \
	}                                                                                                            \
	static bool read_##letter##net(const struct view *view, const char *argument UNUSED, struct value *ret)      \
	{                                                                                                            \
		return set_ip(end_of(view, (end)), VALUE_NET, ret);                                                  \
	}                                                                                                            \
	static bool read_##letter##port(const struct view *view, const char *argument UNUSED, struct value *ret)     \
	{                                                                                                            \
		return set_port(end_of(view, (end)), ret);                                                           \
	}

END_READERS(c, END_CLIENT)
END_READERS(s, END_SERVER)
END_READERS(l, END_LOCAL)
END_READERS(r, END_REMOTE)

static bool read_ip(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_ends(view, VALUE_IP, ret);
}

static bool read_net(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_ends(view, VALUE_NET, ret);
}

static bool read_port(const struct view *view, const char *argument UNUSED, struct value *ret)
{
	return read_ends(view, VALUE_PORT, ret);
}

static bool set_name(const struct view *view, enum end end, struct value *ret)
{
	const struct sensor_socket *socket = view_socket(view);
	const struct sensor_address *address = end_of(view, end);

	return address && address == &socket->remote && view_set_text(ret, socket->remote_name);
}

#define NAME_READER(letter, end)                                                                                     \
	static bool read_##letter##ip_name(const struct view *view, const char *argument UNUSED, struct value *ret)  \
	{                                                                                                            \
		return set_name(view, (end), ret);                                                                   \
	}

NAME_READER(c, END_CLIENT)
NAME_READER(s, END_SERVER)
NAME_READER(r, END_REMOTE)

#define DNS_READER(name)                                                                                             \
	static bool read_dns_##name(const struct view *view, const char *argument UNUSED, struct value *ret)         \
	{                                                                                                            \
		return view->event->dns && view_set_text(ret, view->event->dns->name);                               \
	}

DNS_READER(question)
DNS_READER(type)
DNS_READER(response)
DNS_READER(answers)

const view_reader view_fd_readers[FIELD_COUNT] = {
	[FIELD_FD_NAME] = read_name,
	[FIELD_FD_NAMERAW] = read_nameraw,
	[FIELD_FD_NUM] = read_num,
	[FIELD_FD_DIRECTORY] = read_directory,
	[FIELD_FD_FILENAME] = read_filename,
	[FIELD_FD_TYPE] = read_type,
	[FIELD_FD_TYPECHAR] = read_typechar,
	[FIELD_FD_DEV] = read_dev,
	[FIELD_FD_NAME_CHANGED] = read_name_changed,
	[FIELD_FD_CONNECTED] = read_connected,
	[FIELD_FD_SOCKFAMILY] = read_sockfamily,
	[FIELD_FD_L4PROTO] = read_l4proto,
	[FIELD_FD_IP] = read_ip,
	[FIELD_FD_CIP] = read_cip,
	[FIELD_FD_SIP] = read_sip,
	[FIELD_FD_LIP] = read_lip,
	[FIELD_FD_RIP] = read_rip,
	[FIELD_FD_NET] = read_net,
	[FIELD_FD_CNET] = read_cnet,
	[FIELD_FD_SNET] = read_snet,
	[FIELD_FD_LNET] = read_lnet,
	[FIELD_FD_RNET] = read_rnet,
	[FIELD_FD_PORT] = read_port,
	[FIELD_FD_CPORT] = read_cport,
	[FIELD_FD_SPORT] = read_sport,
	[FIELD_FD_LPORT] = read_lport,
	[FIELD_FD_RPORT] = read_rport,
	[FIELD_FD_CIP_NAME] = read_cip_name,
	[FIELD_FD_SIP_NAME] = read_sip_name,
	[FIELD_FD_RIP_NAME] = read_rip_name,
	[FIELD_DNS_QUESTION_NAME] = read_dns_question,
	[FIELD_DNS_QUESTION_TYPE] = read_dns_type,
	[FIELD_DNS_RESPONSE_CODE] = read_dns_response,
	[FIELD_DNS_RESOLVED_IP] = read_dns_answers,
};
