#include "base/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* reflected */

static pthread_once_t once = PTHREAD_ONCE_INIT; /* guards the two below */
static uint32_t table[256];
static bool has_instruction;

#if defined(__x86_64__)
#define HAS_INSTRUCTION()      __builtin_cpu_supports("sse4.2")
#define WITH_INSTRUCTION       __attribute__((target("sse4.2")))
#define CRC_OF_BYTE(crc, byte) __builtin_ia32_crc32qi(crc, byte)
#define CRC_OF_WORD(crc, word) (uint32_t) __builtin_ia32_crc32di(crc, word)
#elif defined(__aarch64__) && !defined(__clang__)
#define HAS_INSTRUCTION()      ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0)
#define WITH_INSTRUCTION       __attribute__((target("+crc")))
#define CRC_OF_BYTE(crc, byte) __builtin_aarch64_crc32cb(crc, byte)
#define CRC_OF_WORD(crc, word) __builtin_aarch64_crc32cx(crc, word)
#endif

static void set_up(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[i] = crc;
	}
#ifdef HAS_INSTRUCTION
	has_instruction = HAS_INSTRUCTION();
#endif
}

uint32_t crc32c_by_table(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint32_t crc = ~0u;

	pthread_once(&once, set_up);
	for (size_t i = 0; i < length; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

#ifdef HAS_INSTRUCTION
/* The instruction takes a word as it lies in memory: both processors are little-endian. */
WITH_INSTRUCTION static uint32_t by_instruction(const unsigned char *bytes, size_t length)
{
	uint32_t crc = ~0u;
	uint64_t word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		crc = CRC_OF_WORD(crc, word);
	}
	for (; length; bytes++, length--)
		crc = CRC_OF_BYTE(crc, *bytes);
	return ~crc;
}
#else
static uint32_t by_instruction(const unsigned char *bytes, size_t length)
{
	return crc32c_by_table(bytes, length);
}
#endif

uint32_t crc32c(const void *data, size_t length)
{
	pthread_once(&once, set_up);
	return has_instruction ? by_instruction(data, length) : crc32c_by_table(data, length);
}
