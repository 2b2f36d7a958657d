/*
 * crc32c.h: CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of frames and of what lies on disk; "123456789" gives 0xe3069283.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* By the processor's own instruction where it has one. */
uint32_t crc32c(const void *data, size_t length);

/* The same by a table: what is left where the processor has none, and what the other way is tested against. */
uint32_t crc32c_by_table(const void *data, size_t length);
