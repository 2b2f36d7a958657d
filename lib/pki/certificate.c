#include "pki/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "pki/openssl.h"

int certificate_write(const struct x509_st *certificate, struct strbuf *out, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long length = 0;

	if (bio && PEM_write_bio_X509(bio, (X509 *)certificate))
		length = BIO_get_mem_data(bio, &data);
	if (length > 0)
		strbuf_add(out, data, (size_t)length);
	BIO_free(bio);
	return length > 0 && !out->failed ? 0 : openssl_failed(err, "could not write a certificate");
}

int certificate_first(const char *pem, size_t length, struct x509_st **ret, struct err *err)
{
	BIO *bio = length <= CERTIFICATE_PEM_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;

	*ret = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	openssl_forget();
	return *ret ? 0 : err_set(err, ERR_SYNTAX, "is not a certificate in PEM");
}

/* One URI, or no identity: a second one would leave open whose the certificate is. */
static bool find_identity(const X509 *x509, struct identity *ret)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int found = 0;
	bool valid = false;

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;

		if (name->type != GEN_URI)
			continue;
		found++;
		valid = identity_parse((const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri), ret,
				       NULL) == 0;
	}
	GENERAL_NAMES_free(names);
	openssl_forget();
	return found == 1 && valid;
}

static int64_t time_of(const ASN1_TIME *time)
{
	struct tm parts = { 0 };

	return ASN1_TIME_to_tm(time, &parts) ? (int64_t)timegm(&parts) * NS_PER_S : 0;
}

static void describe_serial(const X509 *x509, char out[CERTIFICATE_SERIAL_MAX])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	if (text && strlen(text) < CERTIFICATE_SERIAL_MAX)
		strcpy(out, text);
	OPENSSL_free(text);
	BN_free(number);
}

int certificate_describe(const struct x509_st *x509, struct certificate *ret, struct err *err)
{
	struct key key = { X509_get0_pubkey(x509) };

	*ret = (struct certificate){ 0 };
	describe_serial(x509, ret->serial);
	ret->not_before_ns = time_of(X509_get0_notBefore(x509));
	ret->not_after_ns = time_of(X509_get0_notAfter(x509));
	ret->has_identity = find_identity(x509, &ret->identity);
	if (key.pkey)
		key_digest(&key, ret->key_digest);
	openssl_forget();
	if (!ret->serial[0] || !ret->key_digest[0])
		return err_set(err, ERR_SYNTAX, "is a certificate without a usable serial number or key");
	return 0;
}

int certificate_read(const char *pem, size_t length, struct certificate *ret, struct err *err)
{
	X509 *x509;
	int code = certificate_first(pem, length, &x509, err);

	if (code < 0)
		return code;
	code = certificate_describe(x509, ret, err);
	X509_free(x509);
	return code;
}

int certificate_pin(const char *pem, size_t length, uint8_t out[CERTIFICATE_PIN_SIZE], struct err *err)
{
	unsigned int size = CERTIFICATE_PIN_SIZE;
	X509 *x509;
	int code = certificate_first(pem, length, &x509, err);

	if (code < 0)
		return code;
	if (!X509_digest(x509, EVP_sha256(), out, &size))
		code = openssl_failed(err, "could not take a digest");
	X509_free(x509);
	return code;
}

uint64_t certificate_bundle_digest(const char *pem, size_t length)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t value;

	SHA256((const unsigned char *)pem, length, digest);
	memcpy(&value, digest, sizeof(value));
	return value ? value : 1;
}
