#include "pki/issue.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/time.h"
#include "pki/openssl.h"

#define SERIAL_SIZE 16

/* What each kind may do (RFC 5280 section 4.2.1); an agent's certificate can never pass for a collector's. */
static const struct {
	const char *constraints, *usage, *purpose;
} profiles[] = {
	[ISSUE_ROOT] = { "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL },
	[ISSUE_ISSUING] = { "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL },
	[ISSUE_COLLECTOR] = { "critical,CA:FALSE", "critical,digitalSignature", "serverAuth,clientAuth" },
	[ISSUE_AGENT] = { "critical,CA:FALSE", "critical,digitalSignature", "clientAuth" },
};

static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool added;

	if (!value)
		return true;
	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension && X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

/* Not through the extension's text form, whose commas a name could use. */
static bool add_identity(X509 *x509, const struct identity *identity)
{
	char text[IDENTITY_TEXT_MAX];
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
	bool added = false;

	if (names && name && uri && ASN1_STRING_set(uri, identity_format(identity, text), -1)) {
		GENERAL_NAME_set0_value(name, GEN_URI, uri);
		uri = NULL;
		if (sk_GENERAL_NAME_push(names, name)) {
			name = NULL;
			added = X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
		}
	}
	ASN1_IA5STRING_free(uri);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return added;
}

static bool set_serial(X509 *x509)
{
	unsigned char bytes[SERIAL_SIZE];
	BIGNUM *number;
	bool set;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always of one length */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
	BN_free(number);
	return set;
}

static bool set_times(X509 *x509, const struct issue *issue)
{
	time_t from = (time_t)(issue->not_before_ns / NS_PER_S), until = (time_t)(issue->not_after_ns / NS_PER_S);

	if (!ASN1_TIME_set(X509_getm_notBefore(x509), from) || !ASN1_TIME_set(X509_getm_notAfter(x509), until))
		return false;
	if (issue->issuer && ASN1_TIME_compare(X509_get0_notAfter(issue->issuer), X509_get0_notAfter(x509)) < 0)
		return X509_set1_notAfter(x509, X509_get0_notAfter(issue->issuer)) == 1;
	return true;
}

static bool fill(X509 *x509, const struct issue *issue)
{
	X509 *issuer = issue->issuer ? (X509 *)issue->issuer : x509;
	X509_NAME *subject = X509_get_subject_name(x509);

	return X509_set_version(x509, X509_VERSION_3) && set_serial(x509) && set_times(x509, issue) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)issue->name, -1, -1,
					  0) &&
	       X509_set_issuer_name(x509, X509_get_subject_name(issuer)) && X509_set_pubkey(x509, issue->key->pkey) &&
	       add_extension(x509, issuer, NID_basic_constraints, profiles[issue->kind].constraints) &&
	       add_extension(x509, issuer, NID_key_usage, profiles[issue->kind].usage) &&
	       add_extension(x509, issuer, NID_ext_key_usage, profiles[issue->kind].purpose) &&
	       add_extension(x509, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x509, issuer, NID_authority_key_identifier, issue->issuer ? "keyid:always" : NULL) &&
	       (!issue->identity || add_identity(x509, issue->identity)) &&
	       X509_sign(x509, issue->issuer_key->pkey, EVP_sha256()) > 0;
}

int issue_certificate(const struct issue *issue, struct x509_st **ret, struct err *err)
{
	X509 *x509 = X509_new();

	if (!x509 || !fill(x509, issue)) {
		X509_free(x509);
		return openssl_failed(err, "could not make a certificate");
	}
	*ret = x509;
	return 0;
}
