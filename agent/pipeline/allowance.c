#include "agent/pipeline/allowance.h"

#include "base/time.h"

#define THOUSANDTHS 1000

bool allowance_take(struct allowance *allowance, enum activity_class class, int64_t now_ns)
{
	int64_t full = allowance->per_s * ALLOWANCE_BURST_S * THOUSANDTHS,
		*left = &allowance->classes[class].thousandths;
	int64_t *filled_ns = &allowance->classes[class].filled_ns, passed_ms = (now_ns - *filled_ns) / NS_PER_MS;

	if (allowance->per_s == 0)
		return true;
	if (*filled_ns == 0 || passed_ms >= ALLOWANCE_BURST_S * THOUSANDTHS) {
		*left = full;
		*filled_ns = now_ns;
	} else {
		/* events a second are thousandths of events a millisecond; the rest of a millisecond counts next time */
		*left += passed_ms * allowance->per_s;
		*filled_ns += passed_ms * NS_PER_MS;
		if (*left > full)
			*left = full;
	}
	if (*left < THOUSANDTHS)
		return false;
	*left -= THOUSANDTHS;
	return true;
}
