#include "agent/sensor/net/dns.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

#define HEADER_SIZE  12
#define FLAG_ANSWERS 0x80
#define FLAG_CUT     0x02
#define OPCODE_MASK  0x78
#define POINTER	     0xc0
#define CLASS_IN     1

/* type, name (IANA, DNS parameters) */
#define DNS_TYPES(X)                                                                                                 \
	X(1, "A")                                                                                                    \
	X(2, "NS")                                                                                                   \
	X(5, "CNAME")                                                                                                \
	X(6, "SOA")                                                                                                  \
	X(10, "NULL")                                                                                                \
	X(12, "PTR")                                                                                                 \
	X(15, "MX")                                                                                                  \
	X(16, "TXT")                                                                                                 \
	X(28, "AAAA")                                                                                                \
	X(33, "SRV")                                                                                                 \
	X(35, "NAPTR")                                                                                               \
	X(43, "DS")                                                                                                  \
	X(46, "RRSIG")                                                                                               \
	X(48, "DNSKEY")                                                                                              \
	X(64, "SVCB")                                                                                                \
	X(65, "HTTPS")                                                                                               \
	X(252, "AXFR")                                                                                               \
	X(255, "ANY")                                                                                                \
	X(257, "CAA")

#define TYPE_A	  1
#define TYPE_AAAA 28

static const char *const rcodes[] = {
	"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE",
};

struct reader {
	const uint8_t *data;
	size_t length, at;
};

static bool read_u16(struct reader *reader, uint16_t *ret)
{
	if (reader->length - reader->at < 2)
		return false;
	*ret = (uint16_t)(reader->data[reader->at] << 8 | reader->data[reader->at + 1]);
	reader->at += 2;
	return true;
}

static bool skip(struct reader *reader, size_t count)
{
	if (reader->length - reader->at < count)
		return false;
	reader->at += count;
	return true;
}

/* False if the label does not fit any more. */
static bool add_label(char *out, size_t *length, const uint8_t *label, size_t size)
{
	size_t used = *length;

	if (used > 0 && used + 1 < DNS_NAME_MAX)
		out[used++] = '.';
	for (size_t i = 0; i < size; i++) {
		bool is_plain = label[i] > 0x20 && label[i] < 0x7f && label[i] != '.' && label[i] != '\\';

		if (used + (is_plain ? 1 : 4) >= DNS_NAME_MAX)
			return false;
		if (is_plain)
			out[used++] = (char)tolower(label[i]);
		else
			used += (size_t)snprintf(out + used, 5, "\\%03u", label[i]);
	}
	out[used] = '\0';
	*length = used;
	return true;
}

/*
 * Reads the name at the reader, which moves behind it. out may be NULL: then it is only walked over, and pointers need not be
 * followed. A pointer must lead to before where the chain of labels that holds it began, so that the walk ends.
 */
static bool read_name(struct reader *reader, char *out)
{
	size_t at = reader->at, chain = reader->at, used = 0;
	bool has_jumped = false;

	if (out)
		out[0] = '\0';
	for (int labels = 0; labels < DNS_LABELS_MAX && at < reader->length; labels++) {
		uint8_t size = reader->data[at];

		if ((size & POINTER) == POINTER) {
			if (reader->length - at < 2)
				return false;
			if (!has_jumped)
				reader->at = at + 2;
			if (!out)
				return true;
			has_jumped = true;
			at = (size_t)(size & ~POINTER) << 8 | reader->data[at + 1];
			if (at >= chain)
				return false;
			chain = at;
			continue;
		}
		if (size & POINTER || reader->length - at < (size_t)size + 1)
			return false;
		at += (size_t)size + 1;
		if (size == 0) {
			if (!has_jumped)
				reader->at = at;
			return true;
		}
		if (out && !add_label(out, &used, reader->data + at - size, size))
			return false;
	}
	return false;
}

static void keep_answer(struct dns_message *message, uint16_t type, const uint8_t *data, uint32_t ttl_s)
{
	struct dns_answer *answer = &message->answers[message->answer_count];

	if (message->answer_count == DNS_ANSWERS_MAX) {
		message->is_cut = true;
		return;
	}
	answer->is_v4 = type == TYPE_A;
	answer->ttl_s = ttl_s;
	if (answer->is_v4)
		ip_map_v4(data, answer->ip);
	else
		memcpy(answer->ip, data, IP_SIZE);
	message->answer_count++;
}

static bool read_answer(struct reader *reader, struct dns_message *message)
{
	uint16_t type, class, ttl_high, ttl_low, size;
	const uint8_t *data;

	if (!read_name(reader, NULL) || !read_u16(reader, &type) || !read_u16(reader, &class) ||
	    !read_u16(reader, &ttl_high) || !read_u16(reader, &ttl_low) || !read_u16(reader, &size))
		return false;
	data = reader->data + reader->at;
	if (!skip(reader, size))
		return false;
	if (class == CLASS_IN && ((type == TYPE_A && size == 4) || (type == TYPE_AAAA && size == IP_SIZE)))
		keep_answer(message, type, data, (uint32_t)ttl_high << 16 | ttl_low);
	return true;
}

bool dns_parse(const uint8_t *data, size_t length, struct dns_message *ret)
{
	struct reader reader = { data, length, HEADER_SIZE };
	uint16_t questions, answers, class;

	memset(ret, 0, offsetof(struct dns_message, answers));
	ret->answer_count = 0;
	ret->is_cut = false;
	if (length < HEADER_SIZE || data[2] & OPCODE_MASK)
		return false;
	ret->id = (uint16_t)(data[0] << 8 | data[1]);
	ret->is_response = data[2] & FLAG_ANSWERS;
	ret->is_cut = data[2] & FLAG_CUT;
	ret->rcode = data[3] & 0x0f;
	questions = (uint16_t)(data[4] << 8 | data[5]);
	answers = (uint16_t)(data[6] << 8 | data[7]);
	/* Nobody asks two things at once; who does it is not understood by any server either. */
	if (questions != 1 || !read_name(&reader, ret->name) || !read_u16(&reader, &ret->type) ||
	    !read_u16(&reader, &class))
		return false;
	for (int i = 0; ret->is_response && i < answers; i++) {
		if (i == DNS_RECORDS_MAX || !read_answer(&reader, ret)) {
			ret->is_cut = true;
			break;
		}
	}
	return true;
}

char *dns_type_text(uint16_t type, char out[DNS_TYPE_TEXT_MAX])
{
	switch (type) {
#define X(number, name)                                                                                              \
	case number:                                                                                                 \
		strcpy(out, name);                                                                                   \
		return out;
		DNS_TYPES(X)
#undef X
	}
	snprintf(out, DNS_TYPE_TEXT_MAX, "TYPE%u", type);
	return out;
}

const char *dns_rcode_text(uint8_t rcode)
{
	return rcode < ARRAY_SIZE(rcodes) ? rcodes[rcode] : NULL;
}
