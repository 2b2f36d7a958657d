/*
 * strbuf.h: a growing string with a ceiling.
 *
 * data is always NUL-terminated and never NULL (an empty buffer points at a static ""). Appending past
 * the ceiling, or running out of memory, makes the buffer "failed": further appends do nothing, and the
 * caller checks once at the end.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

#define STRBUF_MAX_DEFAULT (64u << 20)

struct strbuf {
	char *data;
	size_t length;
	size_t size; /* bytes allocated, 0 while data is the static "" */
	size_t max;  /* ceiling of length in bytes */
	bool failed;
};

extern char strbuf_empty[1];
#define STRBUF_INIT                                                                                                  \
	{                                                                                                            \
		.data = strbuf_empty, .max = STRBUF_MAX_DEFAULT                                                      \
	}

void strbuf_init(struct strbuf *buf, size_t max);
void strbuf_fini(struct strbuf *buf);  /* accepts a zeroed buffer */
void strbuf_clear(struct strbuf *buf); /* length 0, memory kept */
void strbuf_add(struct strbuf *buf, const void *data, size_t length);
void strbuf_adds(struct strbuf *buf, const char *text);
void strbuf_addc(struct strbuf *buf, char c);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);
void strbuf_truncate(struct strbuf *buf, size_t length);

/* Room for length more bytes at data + length, or NULL; follow with strbuf_grown(). */
char *strbuf_reserve(struct strbuf *buf, size_t length);
void strbuf_grown(struct strbuf *buf, size_t length);

/* Gives the string to the caller, who frees it; NULL if the buffer failed. Leaves an empty buffer with the same ceiling. */
char *strbuf_take(struct strbuf *buf);

#define AUTO_STRBUF CLEANUP(strbuf_fini) struct strbuf
