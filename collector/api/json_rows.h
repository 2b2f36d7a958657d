/*
 * json_rows.h: rows of the store as the API shows them.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#define UUID_TEXT_MAX 37

struct alert_row;
struct event_row;

void json_set_time(json_t *object, const char *name, int64_t ns);
char *uuid_format(const uint8_t uuid[16], char out[UUID_TEXT_MAX]);

/* The event with all it holds; NULL without memory. */
json_t *event_json(const struct event_row *row);

/* A reference means several things, and the asker chooses: 409 with them; takes candidates. Returns 0. */
int answer_candidates(json_t *candidates, const char *message, json_t **ret, unsigned int *ret_status);
