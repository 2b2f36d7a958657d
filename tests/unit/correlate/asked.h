/*
 * asked.h: the story in a store, for tests that ask it: what it was told, and finding one's way in the answer.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/investigate.h"
#include "json/json.h"
#include "tests/unit/correlate/story.h"

#define EVENTS_MAX 64

/* Of the running test: what the store was given, and the store. */
extern struct fake_event events[EVENTS_MAX];
extern size_t event_count;
extern struct store *store;

int asked_set_up(void **state);
int asked_tear_down(void **state);
/* The document about a reference, or about the story's alert; the caller's to release. The test fails if there is none. */
json_t *ask(const char *reference);
json_t *ask_alert(void);
/* Parts of a document, borrowed; NULL if it has none such. */
const json_t *entity_by(const json_t *document, const char *member, const char *value);
const char *key_of(const json_t *document, const json_t *link, const char *end);
const json_t *find_link(const json_t *document, const char *from, const char *relation, const char *to);
void assert_link(const json_t *document, const char *from, const char *relation, const char *to,
		 const char *strength);
bool has_alert(const json_t *document, const char *rule);
const json_t *find_entry(const json_t *document, const char *part);

/* A row of a list of tests. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, asked_set_up, asked_tear_down)
