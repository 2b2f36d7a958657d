#include "cloudtrail/source/seen.h"

#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024u /* a power of two; grows to twice SEEN_MAX */

struct digest {
	uint64_t high, low; /* low 0: empty slot */
};

struct generation {
	struct digest *slots;
	size_t size, count;
};

struct seen {
	struct generation young, old;
};

struct seen *seen_new(void)
{
	return calloc(1, sizeof(struct seen));
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	free(seen->young.slots);
	free(seen->old.slots);
	free(seen);
}

void seen_free_pointer(struct seen **seen)
{
	seen_free(*seen);
	*seen = NULL;
}

/* The slot that holds the digest, or the empty one where it belongs. At most half of the slots are full. */
static struct digest *slot_of(const struct generation *generation, struct digest digest)
{
	for (size_t at = digest.high & (generation->size - 1);; at = (at + 1) & (generation->size - 1)) {
		struct digest *slot = &generation->slots[at];

		if ((slot->high == digest.high && slot->low == digest.low) || !slot->low)
			return slot;
	}
}

static bool holds(const struct generation *generation, struct digest digest)
{
	return generation->size && slot_of(generation, digest)->low;
}

static bool grow(struct generation *generation)
{
	struct generation bigger = { .size = generation->size ? 2 * generation->size : SLOTS_FIRST,
				     .count = generation->count };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < generation->size; i++) {
		if (generation->slots[i].low)
			*slot_of(&bigger, generation->slots[i]) = generation->slots[i];
	}
	free(generation->slots);
	*generation = bigger;
	return true;
}

void seen_digest(const void *key, size_t length, unsigned char out[SEEN_DIGEST_SIZE])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256(key, length, hash);
	memcpy(out, hash, SEEN_DIGEST_SIZE);
}

static struct digest digest_of(const unsigned char bytes[SEEN_DIGEST_SIZE])
{
	struct digest digest;

	memcpy(&digest, bytes, sizeof(digest));
	digest.low |= 1; /* never the empty slot */
	return digest;
}

bool seen_has_digest(const struct seen *seen, const unsigned char bytes[SEEN_DIGEST_SIZE])
{
	struct digest digest = digest_of(bytes);

	return holds(&seen->young, digest) || holds(&seen->old, digest);
}

bool seen_before_digest(struct seen *seen, const unsigned char bytes[SEEN_DIGEST_SIZE])
{
	struct digest digest = digest_of(bytes);

	if (seen_has_digest(seen, bytes))
		return true;
	if (seen->young.count == SEEN_MAX) {
		free(seen->old.slots);
		seen->old = seen->young;
		seen->young = (struct generation){ 0 };
	}
	/* Without memory the record is let through twice rather than lost. */
	if (2 * (seen->young.count + 1) > seen->young.size && !grow(&seen->young))
		return false;
	*slot_of(&seen->young, digest) = digest;
	seen->young.count++;
	return false;
}

bool seen_has(const struct seen *seen, const void *key, size_t length)
{
	unsigned char digest[SEEN_DIGEST_SIZE];

	seen_digest(key, length, digest);
	return seen_has_digest(seen, digest);
}

bool seen_before(struct seen *seen, const void *key, size_t length)
{
	unsigned char digest[SEEN_DIGEST_SIZE];

	seen_digest(key, length, digest);
	return seen_before_digest(seen, digest);
}
