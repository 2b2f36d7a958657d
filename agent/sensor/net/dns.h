/*
 * dns.h: what a DNS message asks and answers: the first question, and the addresses of the answers (RFC 1035, 4.1).
 *
 * Written for hostile bytes: every step is bounded by the message, compression pointers may only lead backwards, and a name
 * has at most DNS_LABELS_MAX labels.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/sensor/net/tuple.h"

#define DNS_NAME_MAX	512 /* bytes of a name as text, with its end; unusual bytes take four */
#define DNS_LABELS_MAX	128
#define DNS_ANSWERS_MAX 32  /* addresses kept of one message */
#define DNS_RECORDS_MAX 128 /* looked at */

struct dns_answer {
	uint8_t ip[IP_SIZE];
	bool is_v4;
	uint32_t ttl_s;
};

struct dns_message {
	uint16_t id;
	bool is_response;
	uint8_t rcode;
	char name
		[DNS_NAME_MAX]; /* of the question, without the last dot, lower case; bytes outside of ASCII's visible ones as \DDD */
	uint16_t type; /* of the question */
	struct dns_answer answers[DNS_ANSWERS_MAX];
	size_t answer_count;
	bool is_cut; /* there was more than was captured, or than we keep */
};

/* False if that is no message with a question; answers that cannot be read end the reading, and is_cut says so. */
bool dns_parse(const uint8_t *data, size_t length, struct dns_message *ret);

#define DNS_TYPE_TEXT_MAX 12

/* "AAAA", or "TYPE65400" for those without a name of ours (RFC 3597); returns out. */
char *dns_type_text(uint16_t type, char out[DNS_TYPE_TEXT_MAX]);

/* "NOERROR", "NXDOMAIN" ... or NULL. */
const char *dns_rcode_text(uint8_t rcode);
