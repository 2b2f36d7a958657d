#include "collector/enrol/pace.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"

#define NETWORK_SIZE 8
#define TEXT_MAX     80

/* When the stock is full again; in the past = it is. */
struct stock {
	int64_t full_ns;
};

struct pace {
	pthread_mutex_t mutex; /* guards: all below */
	struct stock all, places[PACE_PLACES];
};

struct pace *pace_new(void)
{
	struct pace *pace = calloc(1, sizeof(*pace));

	if (pace)
		pthread_mutex_init(&pace->mutex, NULL);
	return pace;
}

void pace_free(struct pace *pace)
{
	if (!pace)
		return;
	pthread_mutex_destroy(&pace->mutex);
	free(pace);
}

static uint32_t place_of(const char *address)
{
	const char *end = strrchr(address, ':'); /* of the port */
	char text[TEXT_MAX];
	struct in6_addr network;
	size_t length;

	snprintf(text, sizeof(text), "%.*s", end ? (int)(end - address) : (int)strlen(address), address);
	length = strlen(text);
	if (text[0] == '[' && text[length - 1] == ']') {
		text[length - 1] = '\0';
		if (inet_pton(AF_INET6, text + 1, &network) == 1)
			return crc32c(&network, NETWORK_SIZE) % PACE_PLACES;
	}
	return crc32c(text, length) % PACE_PLACES;
}

static bool has_one(const struct stock *stock, int64_t now_ns, int64_t rate, int64_t max)
{
	return stock->full_ns - now_ns <= (max - 1) * NS_PER_S / rate;
}

static void take(struct stock *stock, int64_t now_ns, int64_t rate)
{
	if (stock->full_ns < now_ns)
		stock->full_ns = now_ns;
	stock->full_ns += NS_PER_S / rate;
}

bool pace_take(struct pace *pace, const char *address, int64_t now_ns)
{
	struct stock *own = &pace->places[place_of(address)];
	bool may;

	pthread_mutex_lock(&pace->mutex);
	may = has_one(own, now_ns, PACE_ADDRESS_RATE, PACE_ADDRESS_MAX) &&
	      has_one(&pace->all, now_ns, PACE_ALL_RATE, PACE_ALL_MAX);
	if (may) {
		take(own, now_ns, PACE_ADDRESS_RATE);
		take(&pace->all, now_ns, PACE_ALL_RATE);
	}
	pthread_mutex_unlock(&pace->mutex);
	return may;
}
