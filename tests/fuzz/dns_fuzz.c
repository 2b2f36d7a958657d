/* DNS messages: whatever the bytes, the name ends, no more answers are there than room, and only the message is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sensor/net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_message message;

	if (!dns_parse(data, size, &message))
		return 0;
	if (strnlen(message.name, sizeof(message.name)) == sizeof(message.name) ||
	    message.answer_count > DNS_ANSWERS_MAX)
		abort();
	for (const char *at = message.name; *at; at++) {
		if (*at <= 0x20 || *at >= 0x7f)
			abort();
	}
	return 0;
}
