#include "collector/enrol/pace.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/stock.h"
#include "base/time.h"

#define NETWORK_SIZE 8
#define TEXT_MAX     80

static const struct stock_rate address_rate = { PACE_ADDRESS_RATE, NS_PER_S, PACE_ADDRESS_MAX },
			       all_rate = { PACE_ALL_RATE, NS_PER_S, PACE_ALL_MAX };

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

bool pace_take(struct pace *pace, const char *address, int64_t now_ns)
{
	struct stock *own = &pace->places[place_of(address)];
	bool may;

	pthread_mutex_lock(&pace->mutex);
	may = stock_has(own, &address_rate, 1, now_ns) && stock_has(&pace->all, &all_rate, 1, now_ns);
	if (may) {
		stock_take(own, &address_rate, 1, now_ns);
		stock_take(&pace->all, &all_rate, 1, now_ns);
	}
	pthread_mutex_unlock(&pace->mutex);
	return may;
}
