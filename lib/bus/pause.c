#include "bus/pause.h"

#include "base/bytes.h"
#include "base/time.h"

void pause_lane(struct pause *pause, enum lane lane, int64_t ms)
{
	uint32_t random = 0;

	if (ms <= 0)
		ms = PAUSE_DEFAULT_MS;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	random_bytes(&random, sizeof(random), NULL);
	pause->until_ns[lane] = time_monotonic_ns() + ms * NS_PER_MS + ms * NS_PER_MS / 2 * (random % 1024) / 1024;
}

void pause_put_off(struct pause *pause, int64_t told_ms)
{
	int64_t ms = told_ms > 0 ? told_ms : PAUSE_DEFAULT_MS;
	int64_t most_ms = ms > PUT_OFF_MAX_MS ? ms : PUT_OFF_MAX_MS;

	if (time_monotonic_ns() >= pause->until_ns[LANE_BULK] && pause->put_offs < PUT_OFFS_MAX)
		pause->put_offs++;
	ms <<= pause->put_offs ? pause->put_offs - 1 : 0;
	pause_lane(pause, LANE_BULK, ms < most_ms ? ms : most_ms);
}

void pause_acked(struct pause *pause, enum lane lane)
{
	if (lane == LANE_BULK && pause->put_offs)
		pause->put_offs--;
}

bool pause_tries(const struct pause *pause, enum lane lane)
{
	return lane == LANE_BULK && pause->put_offs;
}
