#include "agent/sensor/net/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/time.h"

#define WAYS 4 /* places that an address can have */
#define SETS (NAMES_MAX / WAYS)

struct known {
	uint8_t ip[IP_SIZE];
	int64_t until_ns; /* 0 = free */
	char *name;
};

struct names {
	struct known known[SETS][WAYS];
};

struct names *names_new(void)
{
	return calloc(1, sizeof(struct names));
}

void names_free(struct names *names)
{
	for (size_t set = 0; names && set < SETS; set++) {
		for (size_t way = 0; way < WAYS; way++)
			free(names->known[set][way].name);
	}
	free(names);
}

static size_t set_of(const uint8_t ip[IP_SIZE])
{
	return bytes_hash(0, ip, IP_SIZE) % SETS;
}

static struct known *place_for(struct names *names, const uint8_t ip[IP_SIZE])
{
	struct known *set = names->known[set_of(ip)], *place = &set[0];

	for (size_t way = 0; way < WAYS; way++) {
		if (set[way].until_ns && memcmp(set[way].ip, ip, IP_SIZE) == 0)
			return &set[way];
		if (set[way].until_ns < place->until_ns)
			place = &set[way];
	}
	return place;
}

void names_learn(struct names *names, const struct dns_message *message, int64_t now_ns)
{
	for (size_t i = 0; message->name[0] && i < message->answer_count; i++) {
		const struct dns_answer *answer = &message->answers[i];
		struct known *place = place_for(names, answer->ip);
		int64_t ttl_s = answer->ttl_s;

		if (!place->name || strcmp(place->name, message->name) != 0) {
			char *name = strdup(message->name);

			if (!name)
				return;
			free(place->name);
			place->name = name;
		}
		memcpy(place->ip, answer->ip, IP_SIZE);
		ttl_s = ttl_s < NAMES_TTL_MIN_S ? NAMES_TTL_MIN_S : ttl_s;
		ttl_s = ttl_s > NAMES_TTL_MAX_S ? NAMES_TTL_MAX_S : ttl_s;
		place->until_ns = now_ns + ttl_s * NS_PER_S;
	}
}

const char *names_find(const struct names *names, const uint8_t ip[IP_SIZE], int64_t now_ns)
{
	const struct known *set = names->known[set_of(ip)];

	for (size_t way = 0; way < WAYS; way++) {
		if (set[way].until_ns > now_ns && memcmp(set[way].ip, ip, IP_SIZE) == 0)
			return set[way].name;
	}
	return NULL;
}
