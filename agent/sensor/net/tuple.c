#include "agent/sensor/net/tuple.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
static const uint8_t v6_loopback[IP_SIZE] = { [15] = 1 };

void ip_map_v4(const uint8_t v4[4], uint8_t ret[IP_SIZE])
{
	memcpy(ret, v4_prefix, sizeof(v4_prefix));
	memcpy(ret + sizeof(v4_prefix), v4, 4);
}

bool ip_is_loopback(const struct net_end *end, bool is_v4)
{
	return is_v4 ? end->ip[12] == 127 : memcmp(end->ip, v6_loopback, IP_SIZE) == 0;
}

static bool end_equal(const struct net_end *a, const struct net_end *b)
{
	return a->port == b->port && memcmp(a->ip, b->ip, IP_SIZE) == 0;
}

bool tuple_equal(const struct net_tuple *a, const struct net_tuple *b)
{
	return a->protocol == b->protocol && end_equal(&a->from, &b->from) && end_equal(&a->to, &b->to);
}

struct net_tuple tuple_reversed(const struct net_tuple *tuple)
{
	struct net_tuple reversed = *tuple;

	reversed.from = tuple->to;
	reversed.to = tuple->from;
	return reversed;
}

uint32_t bytes_hash(uint32_t seed, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t hash = seed ^ 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

uint32_t tuple_hash(const struct net_tuple *tuple)
{
	uint32_t hash = bytes_hash(tuple->protocol, tuple->from.ip, IP_SIZE);

	hash = bytes_hash(hash, tuple->to.ip, IP_SIZE);
	hash = bytes_hash(hash, &tuple->from.port, sizeof(tuple->from.port));
	return bytes_hash(hash, &tuple->to.port, sizeof(tuple->to.port));
}

char *ip_text(const uint8_t ip[IP_SIZE], bool is_v4, char out[IP_TEXT_MAX])
{
	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip + 12 : ip, out, IP_TEXT_MAX))
		out[0] = '\0';
	return out;
}

char *tuple_text(const struct net_tuple *tuple, char out[TUPLE_TEXT_MAX])
{
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];

	snprintf(out, TUPLE_TEXT_MAX, "%s:%u->%s:%u", ip_text(tuple->from.ip, tuple->is_v4, from), tuple->from.port,
		 ip_text(tuple->to.ip, tuple->is_v4, to), tuple->to.port);
	return out;
}
