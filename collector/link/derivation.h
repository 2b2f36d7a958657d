/*
 * derivation.h: the rows of one event while they are being collected. Texts are copied into the arena, made valid UTF-8,
 * and cut to what an index holds; the same row is kept once.
 */
#pragma once

#include "collector/link/derive.h"

#define KEY_SIZE_MAX   1024 /* bytes; a longer key ends in a digest of the whole */
#define VALUE_SIZE_MAX 1024 /* bytes of a fact, an alias, a detail; longer ones are cut */

struct derivation {
	const struct derive_input *input;
	struct arena *arena;
	struct derived *rows;
	bool is_out_of_memory;
};

/* An assertion in the making. relation NULL = the method's own word. */
struct derive_link {
	int64_t from, to;
	enum link_method method;
	const char *relation, *detail;
	double confidence; /* 0 = the method's start value */
};

/* The id, also when the row did not fit; 0 for a NULL or empty key. */
int64_t derive_add_entity(struct derivation *derivation, enum entity_kind kind, const char *key);

/* The id that derive_add_entity() would give; adds nothing. */
int64_t derive_id(struct derivation *derivation, enum entity_kind kind, const char *key);

/* An empty value or alias, or entity 0, adds nothing. */
void derive_add_fact(struct derivation *derivation, int64_t entity, const char *fact, const char *value);
void derive_add_alias(struct derivation *derivation, int64_t entity, enum entity_kind kind, const char *alias);

/* Nothing if either end is 0. */
void derive_add_link(struct derivation *derivation, const struct derive_link *link);
void derive_add_mark(struct derivation *derivation, const char *source, bool blind, const char *reason);

char *derive_printf(struct derivation *derivation, const char *format, ...) PRINTF_LIKE(2, 3);

/* The alert's own entity, with its rule as a fact. */
int64_t derive_add_alert(struct derivation *derivation, const struct alert *alert);

void derive_agent(struct derivation *derivation);
int derive_cloud(struct derivation *derivation, struct err *err);
int derive_scan(struct derivation *derivation, struct err *err);
