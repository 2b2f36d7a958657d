#include "agent/sensor/call_numbers.h"

#include "base/attr.h"

#define NUMBER(id, name, x86_64, i386, arm64) { SENSOR_##id, #name, { x86_64, i386, arm64 } },

const struct call_number call_numbers[] = {
#include "agent/sensor/numbers.def"
};
const size_t call_number_count = ARRAY_SIZE(call_numbers);
