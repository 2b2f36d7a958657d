/*
 * sha256.h: SHA-256 of what is short and asked for often: OpenSSL looks the algorithm up once for the process, and each thread has one
 * state for all its digests. The one-shot SHA256() looks it up each time, under a lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* Thread-safe. Without memory it takes the slow way, with the same result. */
void sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE]);
