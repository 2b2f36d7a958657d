/* Requests for certificates and their replies as frames. */
#include "wire/convert.h"
#include "wire/frame.h"
#include "wire/wire.h"

/* Only of its own kind: a batch's reply could be read as one to an enrolment. */
static int open_frame(const void *frame, size_t length, struct arena *arena, struct message *ret, struct err *err)
{
	int code = frame_open(frame, length, true, arena, ret, err);

	if (code == 0 && wire_frame_kind(frame, length) != FRAME_ENROL)
		code = err_set(err, ERR_SYNTAX, "frame of %zu bytes: kind is %d, but must be %d", length,
			       wire_frame_kind(frame, length), FRAME_ENROL);
	return code;
}

int wire_enrol_encode(const struct enrol_request *request, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	int code = enrol_request_pack(request, &message, err);

	return code < 0 ? code : frame_seal(FRAME_ENROL, message.data, message.length, out, err);
}

int wire_enrol_decode(const void *frame, size_t length, struct arena *arena, struct enrol_request *ret,
		      struct err *err)
{
	struct message message;
	int code = open_frame(frame, length, arena, &message, err);

	return code < 0 ? code : enrol_request_unpack(&message, arena, ret, err);
}

int wire_enrolled_encode(const struct enrol_reply *reply, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	int code = enrol_reply_pack(reply, &message, err);

	return code < 0 ? code : frame_seal(FRAME_ENROL, message.data, message.length, out, err);
}

int wire_enrolled_decode(const void *frame, size_t length, struct arena *arena, struct enrol_reply *ret,
			 struct err *err)
{
	struct message message;
	int code = open_frame(frame, length, arena, &message, err);

	return code < 0 ? code : enrol_reply_unpack(&message, arena, ret, err);
}
