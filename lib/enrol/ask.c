#include "enrol/ask.h"

#include <openssl/crypto.h>

#include "base/strbuf.h"
#include "bus/exchange.h"
#include "pki/request.h"
#include "wire/wire.h"

static int read_reply(const struct strbuf *frame, struct arena *arena, struct enrol_reply *ret, struct err *err)
{
	int code = wire_enrolled_decode(frame->data, frame->length, arena, ret, err);

	if (code < 0)
		return code;
	if (ret->kind == ENROL_REFUSED)
		return err_set(err, ERR_DENIED, "the collector refuses: %s",
			       ret->reason ? ret->reason : "no reason given");
	if (ret->kind == ENROL_LATER)
		return err_set(err, ERR_AGAIN, "the collector asks to wait: %s",
			       ret->reason ? ret->reason : "no reason given");
	if (!ret->chain || !ret->trust)
		return err_set(err, ERR_SYNTAX, "the collector's grant holds no certificate");
	return 0;
}

int ask_for_certificate(const char *url, const struct credentials *credentials, const struct key *key,
			struct enrol_request *request, struct arena *arena, struct enrol_reply *ret, struct err *err)
{
	AUTO_STRBUF csr = STRBUF_INIT, frame = STRBUF_INIT, reply = STRBUF_INIT;
	struct tls *tls;
	int code = request_make(key, &csr, err);

	*ret = (struct enrol_reply){ 0 };
	request->csr = csr.data;
	request->csr_size = csr.length;
	if (code == 0)
		code = wire_enrol_encode(request, &frame, err);
	if (code < 0)
		return code;
	code = tls_new(TLS_CONNECTS, credentials, &tls, err);
	if (code == 0) {
		code = exchange(url, tls, &frame, ASK_TIMEOUT_NS, &reply, err);
		tls_free(tls);
	}
	OPENSSL_cleanse(frame.data, frame.length);
	return code < 0 ? code : read_reply(&reply, arena, ret, err);
}
