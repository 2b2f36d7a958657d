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
