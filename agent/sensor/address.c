#include "agent/sensor/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool read_unix(const char *path, size_t size, struct sensor_address *ret)
{
	bool is_abstract = size > 0 && !path[0];
	size_t length = is_abstract ? size : strnlen(path, size);

	if (length >= sizeof(ret->path))
		length = sizeof(ret->path) - 1;
	memcpy(ret->path, path, length);
	/* An abstract name may hold NULs: "@" stands for each. */
	for (size_t i = 0; i < length && is_abstract; i++)
		ret->path[i] = ret->path[i] ? ret->path[i] : '@';
	ret->family = AF_UNIX;
	return true;
}

bool address_read(const void *data, size_t size, struct sensor_address *ret)
{
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	sa_family_t family;

	*ret = (struct sensor_address){ 0 };
	if (size < sizeof(family))
		return false;
	memcpy(&family, data, sizeof(family));
	if (family == AF_UNIX)
		return read_unix((const char *)data + offsetof(struct sockaddr_un, sun_path),
				 size - offsetof(struct sockaddr_un, sun_path), ret);
	if (family == AF_INET && size >= sizeof(ip4)) {
		memcpy(&ip4, data, sizeof(ip4));
		memcpy(ret->ip, &ip4.sin_addr, sizeof(ip4.sin_addr));
		ret->port = ntohs(ip4.sin_port);
	} else if (family == AF_INET6 && size >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		memcpy(&ip6, data, offsetof(struct sockaddr_in6, sin6_scope_id));
		memcpy(ret->ip, &ip6.sin6_addr, sizeof(ip6.sin6_addr));
		ret->port = ntohs(ip6.sin6_port);
	} else {
		return false;
	}
	ret->family = family;
	return true;
}

void address_print(const struct sensor_address *address, char out[ADDRESS_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (address->family == AF_UNIX)
		snprintf(out, ADDRESS_TEXT_MAX, "%s", address->path);
	else if (address->family && inet_ntop(address->family, address->ip, ip, sizeof(ip)))
		snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", ip, address->port);
}
