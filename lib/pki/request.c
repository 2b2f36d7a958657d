#include "pki/request.h"

#include <openssl/x509.h>

#include "pki/openssl.h"

int request_make(const struct key *key, struct strbuf *out, struct err *err)
{
	X509_REQ *request = X509_REQ_new();
	unsigned char *der = NULL;
	int length = 0;

	if (request && X509_REQ_set_version(request, X509_REQ_VERSION_1) && X509_REQ_set_pubkey(request, key->pkey) &&
	    X509_REQ_sign(request, key->pkey, EVP_sha256()))
		length = i2d_X509_REQ(request, &der);
	if (length > 0)
		strbuf_add(out, der, (size_t)length);
	OPENSSL_free(der);
	X509_REQ_free(request);
	return length > 0 && !out->failed ? 0 : openssl_failed(err, "could not make a signing request");
}

static int take_key(X509_REQ *request, struct key *ret, struct err *err)
{
	EVP_PKEY *pkey = X509_REQ_get_pubkey(request);
	int code;

	if (!pkey)
		return err_set(err, ERR_SYNTAX, "the signing request has no usable key");
	code = key_check(pkey, err);
	if (code == 0 && X509_REQ_verify(request, pkey) != 1)
		code = err_set(err, ERR_SYNTAX, "the signing request is not signed with its own key");
	if (code < 0)
		EVP_PKEY_free(pkey);
	else
		ret->pkey = pkey;
	return code;
}

int request_check(const void *der, size_t length, struct key *ret, struct err *err)
{
	const unsigned char *start = der, *cursor = start;
	X509_REQ *request;
	int code;

	if (length > REQUEST_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "a signing request of %zu bytes is over the limit of %d", length,
			       REQUEST_SIZE_MAX);
	request = d2i_X509_REQ(NULL, &cursor, (long)length);
	if (!request || cursor != start + length) {
		X509_REQ_free(request);
		openssl_forget();
		return err_set(err, ERR_SYNTAX, "is not a signing request (PKCS #10)");
	}
	code = take_key(request, ret, err);
	X509_REQ_free(request);
	openssl_forget();
	return code;
}
