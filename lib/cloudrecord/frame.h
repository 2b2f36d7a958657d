/*
 * frame.h: where a JSON value ends, found without parsing it, so that one bad or cut record does not cost the others.
 *
 * Only strings and brackets are looked at; whether the value is valid JSON is for the parser to say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Offset of the first byte at or after at that is no JSON blank; length if there is none. */
size_t frame_blank(const char *text, size_t length, size_t at);

/* Sets *ret_end behind the value that begins at at; always advances. False if the text ends before the value does. */
bool frame_value(const char *text, size_t length, size_t at, size_t *ret_end);
