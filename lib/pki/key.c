#include "pki/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "pki/openssl.h"

#define CURVE "prime256v1"

int key_new(struct key *ret, struct err *err)
{
	ret->pkey = EVP_EC_gen(CURVE);
	return ret->pkey ? 0 : openssl_failed(err, "could not make a key");
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char name[32] = "";

	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC && EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) &&
	       strcmp(name, CURVE) == 0;
}

int key_check(const struct evp_pkey_st *pkey, struct err *err)
{
	if (!is_p256(pkey))
		return err_set(err, ERR_SYNTAX, "the key is not one on the curve P-256");
	return 0;
}

/* OpenSSL would ask a terminal for the password of an encrypted key. */
static int no_password(char *out UNUSED, int size UNUSED, int writing UNUSED, void *context UNUSED)
{
	return -1;
}

int key_read(const char *pem, size_t length, struct key *ret, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	int code;

	ret->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	BIO_free(bio);
	if (!ret->pkey) {
		openssl_forget();
		return err_set(err, ERR_SYNTAX, "is not a private key in PEM");
	}
	code = key_check(ret->pkey, err);
	if (code < 0)
		key_fini(ret);
	return code;
}

int key_write(const struct key *key, struct strbuf *out, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long length = 0;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL))
		length = BIO_get_mem_data(bio, &data);
	if (length > 0)
		strbuf_add(out, data, (size_t)length);
	BIO_free(bio);
	return length > 0 && !out->failed ? 0 : openssl_failed(err, "could not write a key");
}

int key_load(const char *path, struct key *ret, struct err *err)
{
	AUTO_STRBUF pem = STRBUF_INIT;
	int code = file_read(path, KEY_PEM_MAX, &pem, err);

	if (code < 0)
		return code;
	code = key_read(pem.data, pem.length, ret, err);
	OPENSSL_cleanse(pem.data, pem.length);
	return code < 0 ? err_wrap(err, "\"%s\"", path) : 0;
}

int key_store(const struct key *key, const char *path, struct err *err)
{
	AUTO_STRBUF pem = STRBUF_INIT;
	int code = key_write(key, &pem, err);

	if (code == 0)
		code = file_write_atomic(path, pem.data, pem.length, 0600, err);
	OPENSSL_cleanse(pem.data, pem.length);
	return code;
}

char *key_digest(const struct key *key, char out[KEY_DIGEST_MAX])
{
	unsigned char digest[SHA256_DIGEST_LENGTH], *der = NULL;
	int length = i2d_PUBKEY(key->pkey, &der);

	out[0] = '\0';
	if (length > 0) {
		SHA256(der, (size_t)length, digest);
		hex_format(digest, sizeof(digest), out);
	}
	OPENSSL_free(der);
	openssl_forget();
	return out;
}

void key_fini(struct key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}
