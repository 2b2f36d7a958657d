/*
 * wire.h: batches and replies as bytes: a frame around a protobuf message. The only place that sees generated code.
 *
 * Frame: u8 version (1), u8 codec (0 raw, 1 zstd), u8 kind, u8 zero, u32 CRC-32C of what follows ^ kind, then the message;
 * integers little-endian. A reader refuses a frame over FRAME_MAX, a message that unpacks to more than MESSAGE_MAX, and
 * more than BATCH_EVENTS_MAX events. Format: docs/protocol.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "model/batch.h"
#include "model/enrolment.h"

#define FRAME_HEADER_SIZE 8
#define FRAME_MAX	  (4u << 20)
#define MESSAGE_MAX	  (8u << 20)
#define PROTO_VERSION	  1
#define EVENT_SIZE_MAX	  (2u << 20)  /* encoded bytes of one event */
#define WIRE_ARENA_MAX	  (96u << 20) /* ceiling for an arena to decode into: holds every message that is allowed */

enum frame_kind {
	FRAME_BULK = 0,	 /* a batch, and every reply to one */
	FRAME_ALERT = 1, /* a batch of the alert lane */
	FRAME_ENROL = 2, /* a request for a certificate, and the reply */
};

/* What a frame holds, from its header alone; FRAME_BULK if it cannot be told. */
enum frame_kind wire_frame_kind(const void *frame, size_t length);

/* Appends a frame that holds the batch, compressed where that helps. Errors: ERR_LIMIT, ERR_MEMORY. */
int wire_batch_encode(const struct batch *batch, struct strbuf *out, struct err *err);

/*
 * Decodes a frame; everything *ret points at lives in arena. Errors: ERR_SYNTAX and ERR_LIMIT with what and where
 * ("frame of 132 bytes: checksum is ..., but must be ...", "... event 3: kind is 99"). Each event's own message
 * bytes are in its encoded and encoded_size: what the store keeps.
 */
int wire_batch_decode(const void *frame, size_t length, struct arena *arena, struct batch *ret, struct err *err);

/*
 * The same in two steps, for who collects events over time: appends one event to an event list, then frames a batch
 * whose events are that list (batch->events is ignored, event_count must be the list's). An event over
 * EVENT_SIZE_MAX gives ERR_LIMIT and leaves the list as it was.
 */
int wire_events_add(struct strbuf *events, const struct event *event, struct err *err);
int wire_events_seal(const struct batch *batch, const struct strbuf *events, struct strbuf *out, struct err *err);

/* Checks the frame's header and checksum, not its message. Errors: ERR_SYNTAX, ERR_LIMIT. */
int wire_frame_check(const void *frame, size_t length, struct err *err);

/* Reads only stream, epoch and batch number, of a frame whose rest may be bad; for rejections. */
int wire_batch_identify(const void *frame, size_t length, struct arena *arena, struct batch *ret, struct err *err);

int wire_reply_encode(const struct reply *reply, struct strbuf *out, struct err *err);
int wire_reply_decode(const void *frame, size_t length, struct arena *arena, struct reply *ret, struct err *err);

int wire_enrol_encode(const struct enrol_request *request, struct strbuf *out, struct err *err);
int wire_enrol_decode(const void *frame, size_t length, struct arena *arena, struct enrol_request *ret,
		      struct err *err);
int wire_enrolled_encode(const struct enrol_reply *reply, struct strbuf *out, struct err *err);
int wire_enrolled_decode(const void *frame, size_t length, struct arena *arena, struct enrol_reply *ret,
			 struct err *err);

/*
 * One event alone, as the store keeps it (no frame): the same message bytes as inside a batch. Of a decoded event it
 * gives the bytes that came, so fields added by a later version survive.
 */
int wire_event_encode(const struct event *event, struct strbuf *out, struct err *err);
int wire_event_decode(const void *data, size_t length, struct arena *arena, struct event *ret, struct err *err);
int wire_origin_encode(const struct origin *origin, struct strbuf *out, struct err *err);
int wire_origin_decode(const void *data, size_t length, struct arena *arena, struct origin *ret, struct err *err);
