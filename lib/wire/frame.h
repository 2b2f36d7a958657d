/*
 * frame.h: the frame around a message: version, codec, checksum, compression.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "wire/wire.h"

enum frame_codec { FRAME_RAW = 0, FRAME_ZSTD = 1 };

struct message {
	const uint8_t *data;
	size_t size;
};

/* Appends a frame around the message to out. Errors: ERR_LIMIT, ERR_MEMORY. */
int frame_seal(enum frame_kind kind, const void *message, size_t size, struct strbuf *out, struct err *err);

/* Header, and with checked the checksum. Errors: ERR_SYNTAX, ERR_LIMIT. */
int frame_check(const void *frame, size_t length, bool checked, struct err *err);

/* Checks the frame and unpacks its message into arena. checked = false passes over a wrong checksum. */
int frame_open(const void *frame, size_t length, bool checked, struct arena *arena, struct message *ret,
	       struct err *err);
