#include "agent/sensor/trace/calls.h"

#include <linux/net.h>

#include "base/attr.h"

/* Row + 1 by number; made once, so that a stop finds its row by one load. */
static uint8_t by_number[ARCH_COUNT][CALL_NUMBERS_MAX];

_Static_assert(SENSOR_CALL_COUNT < UINT8_MAX, "a row fits into by_number");

__attribute__((constructor)) static void fill_by_number(void)
{
	for (size_t i = 0; i < call_number_count; i++) {
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			int number = call_numbers[i].numbers[arch];

			if (number >= 0)
				by_number[arch][number] = (uint8_t)(call_numbers[i].call + 1);
		}
	}
}

int trace_call_find(enum arch arch, uint64_t number)
{
	return number < CALL_NUMBERS_MAX ? by_number[arch][number] - 1 : -1;
}

int trace_socketcall_find(uint64_t number)
{
	static const uint8_t rows[] = {
		[SYS_SOCKET] = SENSOR_SOCKET,	[SYS_BIND] = SENSOR_BIND,	[SYS_CONNECT] = SENSOR_CONNECT,
		[SYS_LISTEN] = SENSOR_LISTEN,	[SYS_ACCEPT] = SENSOR_ACCEPT,	[SYS_SENDTO] = SENSOR_SENDTO,
		[SYS_SENDMSG] = SENSOR_SENDMSG, [SYS_ACCEPT4] = SENSOR_ACCEPT4, [SYS_SENDMMSG] = SENSOR_SENDMMSG,
	};

	/* EXECVE is row 0 and no call of sockets: it stands for a hole */
	return number < ARRAY_SIZE(rows) && rows[number] ? rows[number] : -1;
}
