#include "agent/sensor/trace/calls.h"

#include "agent/sensor/trace/arch.h"
#include "base/attr.h"

#define TEST(arg, mask)	    .test_arg = (arg), .test_mask = (mask)
#define CALL(name, id, ...) { .number = SYS_##name, .call = SENSOR_##id, __VA_ARGS__ },

const struct trace_call trace_calls[] = {
#include ARCH_CALLS
};
const size_t trace_call_count = ARRAY_SIZE(trace_calls);

const struct trace_call *trace_call_find(uint64_t number)
{
	for (size_t i = 0; i < trace_call_count; i++) {
		if (trace_calls[i].number == number)
			return &trace_calls[i];
	}
	return NULL;
}
