/*
 * tuple.h: the two ends of a connection, as addresses and ports.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_SIZE 16

/* An address is 16 bytes in network order; IPv4 ones are mapped (::ffff:a.b.c.d). */
struct net_end {
	uint8_t ip[IP_SIZE];
	uint16_t port;
};

struct net_tuple {
	struct net_end from, to;
	bool is_v4;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
};

/* Maps four bytes in network order. */
void ip_map_v4(const uint8_t v4[4], uint8_t ret[IP_SIZE]);

bool ip_is_loopback(const struct net_end *end, bool is_v4);

bool tuple_equal(const struct net_tuple *a, const struct net_tuple *b);
struct net_tuple tuple_reversed(const struct net_tuple *tuple);
uint32_t bytes_hash(uint32_t seed, const void *data, size_t size); /* FNV-1a; not against attackers */
uint32_t tuple_hash(const struct net_tuple *tuple);

#define IP_TEXT_MAX    46
#define TUPLE_TEXT_MAX (2 * (IP_TEXT_MAX + 6) + 3)

char *ip_text(const uint8_t ip[IP_SIZE], bool is_v4, char out[IP_TEXT_MAX]);

/* "10.0.0.1:4000->10.0.0.2:443", as fd.name has it; returns out. */
char *tuple_text(const struct net_tuple *tuple, char out[TUPLE_TEXT_MAX]);
