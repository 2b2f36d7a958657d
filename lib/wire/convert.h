/*
 * convert.h: model to message bytes and back, through generated structs that live in an arena.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "model/batch.h"
#include "model/enrolment.h"
#include "wire/frame.h"

/* Append the message's bytes. Text that the schema wants in UTF-8 and is not gets '?' for each bad byte. Errors: ERR_MEMORY. */
int event_pack(const struct event *event, struct strbuf *out, struct err *err);
int origin_pack(const struct origin *origin, struct strbuf *out, struct err *err);
int batch_head_pack(const struct batch *batch, struct strbuf *out, struct err *err); /* without its events */
int reply_pack(const struct reply *reply, struct strbuf *out, struct err *err);
int enrol_request_pack(const struct enrol_request *request, struct strbuf *out, struct err *err);
int enrol_reply_pack(const struct enrol_reply *reply, struct strbuf *out, struct err *err);

/* Check bytes and values; what *ret points at lives in arena, and in the message. Errors: ERR_SYNTAX, ERR_LIMIT. */
int event_unpack(const struct message *message, struct arena *arena, struct event *ret, struct err *err);
int origin_unpack(const struct message *message, struct arena *arena, struct origin *ret, struct err *err);
int batch_unpack(const struct message *message, struct arena *arena, struct batch *ret, struct err *err);
int reply_unpack(const struct message *message, struct arena *arena, struct reply *ret, struct err *err);
int enrol_request_unpack(const struct message *message, struct arena *arena, struct enrol_request *ret,
			 struct err *err);
int enrol_reply_unpack(const struct message *message, struct arena *arena, struct enrol_reply *ret, struct err *err);
