#include "rules/compile/literal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

#define V4_PREFIX_BITS 96 /* of a v4 address mapped into v6 */

static const char *number_read(const struct ast_text *text, bool is_signed, struct value *ret)
{
	const char *digits = text->data + (*text->data == '-' || *text->data == '+');
	int base = digits[0] == '0' && (digits[1] | 0x20) == 'x' ? 16 : 10;
	char *end;

	if (!*digits || strlen(text->data) != text->length)
		return "is not a number";
	errno = 0;
	if (is_signed)
		ret->number = strtoll(text->data, &end, base);
	else
		ret->unumber = strtoull(text->data, &end, base);
	if (*end || end == digits)
		return "is not a whole number";
	return errno ? "is out of range" : NULL;
}

static const struct {
	const char *name;
	uint16_t port;
} services[] = {
#define SERVICE(name, port) { name, port },
#include "rules/compile/services.def"
#undef SERVICE
};

static const char *port_read(const struct ast_text *text, struct value *ret)
{

	if (!number_read(text, false, ret))
		return ret->unumber > UINT16_MAX ? "is not a port" : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (strcmp(services[i].name, text->data) == 0) {
			ret->unumber = services[i].port;
			return NULL;
		}
	}
	return "is neither a port nor the name of a service";
}

static const char *ip_read(const char *text, struct value *ret)
{
	ret->is_v4 = strchr(text, '.');
	if (!ret->is_v4)
		return inet_pton(AF_INET6, text, ret->ip) == 1 ? NULL : "is not an IP address";
	memset(ret->ip, 0, 10);
	memset(ret->ip + 10, 0xff, 2);
	return inet_pton(AF_INET, text, ret->ip + 12) == 1 ? NULL : "is not an IP address";
}

static const char *net_read(const struct ast_text *text, struct value *ret, uint8_t *ret_bits)
{
	char address[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text->data, '/');
	const char *wrong;
	unsigned long bits;
	char *end;

	if (!slash || (size_t)(slash - text->data) >= sizeof(address))
		return "is not a network such as 10.0.0.0/8";
	memcpy(address, text->data, (size_t)(slash - text->data));
	address[slash - text->data] = 0;
	wrong = ip_read(address, ret);
	if (wrong)
		return "is not a network such as 10.0.0.0/8";
	bits = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits > (ret->is_v4 ? 32u : 128u))
		return "is not a network: the length of the prefix is wrong";
	*ret_bits = (uint8_t)(bits + (ret->is_v4 ? V4_PREFIX_BITS : 0));
	return NULL;
}

const char *literal_read(enum value_type type, const struct ast_text *text, struct value *ret, uint8_t *ret_bits)
{
	*ret = (struct value){ .type = type };
	*ret_bits = 0;
	if (type != VALUE_BYTES && memchr(text->data, 0, text->length))
		return "filter value cannot contain a NUL byte (\\x00)";
	switch (type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		ret->text = text->data;
		ret->length = text->length;
		return NULL;
	case VALUE_BOOL:
		ret->truth = strcasecmp(text->data, "true") == 0;
		return ret->truth || strcasecmp(text->data, "false") == 0 ? NULL : "is neither true nor false";
	case VALUE_UINT:
		return number_read(text, false, ret);
	case VALUE_PORT:
		return port_read(text, ret);
	case VALUE_IP:
		return ip_read(text->data, ret);
	case VALUE_NET:
		return net_read(text, ret, ret_bits);
	default:
		return number_read(text, true, ret);
	}
}

bool literal_bytes(const struct ast_text *text, char *out)
{
	return text->length && text->length % 2 == 0 && hex_parse(text->data, out, text->length / 2, NULL) == 0;
}
