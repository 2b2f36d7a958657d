/*
 * value.h: one value of a field, as a rule compares it and an output prints it.
 *
 * Text is borrowed from whoever supplied the value and stays valid until that event is done with.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_TEXT,
	VALUE_BYTES, /* like text, may hold NUL */
	VALUE_INT,   /* signed 64 bit */
	VALUE_UINT,  /* unsigned 64 bit */
	VALUE_BOOL,
	VALUE_TIME,	/* nanoseconds since 1970 UTC */
	VALUE_DURATION, /* nanoseconds */
	VALUE_PORT,
	VALUE_IP,  /* 16 bytes, v4 mapped */
	VALUE_NET, /* only as a filter: compares with networks */
};

struct value {
	enum value_type type;
	bool is_list;
	union {
		struct {
			const char *text; /* TEXT, BYTES; NUL-terminated for TEXT */
			size_t length;
		};
		int64_t number;	  /* INT, TIME, DURATION */
		uint64_t unumber; /* UINT, PORT */
		bool truth;
		struct {
			uint8_t ip[16];
			bool is_v4;
		};
		struct {
			const struct value *items; /* is_list: none of them a list */
			size_t count;
		};
	};
};

static inline struct value value_text(const char *text, size_t length)
{
	return (struct value){ .type = VALUE_TEXT, .text = text, .length = length };
}

static inline struct value value_int(int64_t number)
{
	return (struct value){ .type = VALUE_INT, .number = number };
}

static inline struct value value_uint(uint64_t number)
{
	return (struct value){ .type = VALUE_UINT, .unumber = number };
}

static inline struct value value_bool(bool truth)
{
	return (struct value){ .type = VALUE_BOOL, .truth = truth };
}
