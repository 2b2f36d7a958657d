/* What a stranger may send or an operator may paste: request, reply, signing request, certificate, identity, token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "pki/certificate.h"
#include "pki/identity.h"
#include "pki/request.h"
#include "pki/token.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Behind a right header, so that the checksum does not hide the decoder. */
static void as_frames(const uint8_t *data, size_t size)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	AUTO_STRBUF frame = STRBUF_INIT, back = STRBUF_INIT;
	uint32_t checksum = crc32c(data, size) ^ FRAME_ENROL;
	const char header[FRAME_HEADER_SIZE] = { 1,
						 0,
						 FRAME_ENROL,
						 0,
						 (char)checksum,
						 (char)(checksum >> 8),
						 (char)(checksum >> 16),
						 (char)(checksum >> 24) };
	struct enrol_request request;
	struct enrol_reply reply;

	strbuf_add(&frame, header, sizeof(header));
	strbuf_add(&frame, data, size);
	if (wire_enrol_decode(frame.data, frame.length, &arena, &request, NULL) == 0 &&
	    wire_enrol_encode(&request, &back, NULL) < 0)
		abort();
	if (wire_enrolled_decode(frame.data, frame.length, &arena, &reply, NULL) == 0 &&
	    wire_enrolled_encode(&reply, &back, NULL) < 0)
		abort();
}

static void as_texts(const char *text, size_t size)
{
	char out[IDENTITY_TEXT_MAX], token_text[TOKEN_TEXT_MAX];
	struct certificate certificate;
	struct identity identity;
	struct token token;

	if (identity_parse(text, size, &identity, NULL) == 0 &&
	    (strlen(identity_format(&identity, out)) != size || memcmp(out, text, size) != 0))
		abort();
	if (token_parse(text, &token, NULL) == 0 && strcmp(token_format(&token, token_text), text) != 0)
		abort();
	if (invitation_parse(text, &token, NULL) == 0 && strcmp(invitation_format(&token, token_text), text) != 0)
		abort();
	certificate_read(text, size, &certificate, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size + 1);
	AUTO_KEY key = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	as_frames(data, size);
	as_texts(text, size);
	request_check(data, size, &key, NULL);
	return 0;
}
