#include "enrol/folder.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FOLDER_MODE 0700
#define OWN_NAME    "agent.pem"
#define OWN_MODE    0600
#define TRUST_NAME  "trust.pem"
#define TRUST_MODE  0644
#define OWN_MAX	    (CERTIFICATE_PEM_MAX + KEY_PEM_MAX)

static char *path_of(const struct folder *folder, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", folder->path, name);
	return out;
}

static int write_own(const struct folder *folder, const char *key_pem, const char *chain, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	char path[PATH_MAX];
	int code;

	strbuf_adds(&text, key_pem);
	strbuf_adds(&text, chain);
	if (text.failed)
		return err_set(err, ERR_MEMORY, "out of memory");
	code = file_write_atomic(path_of(folder, OWN_NAME, path), text.data, text.length, OWN_MODE, err);
	OPENSSL_cleanse(text.data, text.length);
	return code;
}

static int make_key(struct folder *folder, struct err *err)
{
	int code = key_new(&folder->key, err);

	if (code == 0)
		code = key_write(&folder->key, &folder->key_pem, err);
	return code < 0 ? code : write_own(folder, folder->key_pem.data, "", err);
}

/* The certificate must be of the key: a file put together by hand may hold two that do not fit. */
static int check_pair(const struct key *key, const char *chain, struct certificate *ret, struct err *err)
{
	char digest[KEY_DIGEST_MAX];
	int code = certificate_read(chain, strlen(chain), ret, err);

	if (code < 0)
		return code;
	if (strcmp(key_digest(key, digest), ret->key_digest) != 0)
		return err_set(err, ERR_SYNTAX, "the certificate is not of the key beside it");
	if (!ret->has_identity || ret->identity.is_collector)
		return err_set(err, ERR_SYNTAX, "the certificate names no agent");
	return 0;
}

static int read_own(struct folder *folder, const char *text, struct err *err)
{
	const char *chain = strstr(text, "-----BEGIN CERTIFICATE-----");
	int code = key_read(text, strlen(text), &folder->key, err);

	if (code == 0)
		code = key_write(&folder->key, &folder->key_pem, err);
	if (code < 0 || !chain)
		return code;
	strbuf_adds(&folder->chain, chain);
	code = check_pair(&folder->key, chain, &folder->certificate, err);
	folder->is_enrolled = code == 0;
	return code;
}

static int load(struct folder *folder, struct err *err)
{
	AUTO_STRBUF own = STRBUF_INIT;
	char path[PATH_MAX];
	int code = file_read(path_of(folder, OWN_NAME, path), OWN_MAX, &own, err);

	if (code == ERR_NOT_FOUND)
		return make_key(folder, err);
	if (code == 0) {
		code = read_own(folder, own.data, err);
		OPENSSL_cleanse(own.data, own.length);
		if (code < 0)
			err_wrap(err, "\"%s\"", path);
	}
	if (code == 0 && folder->is_enrolled)
		code = file_read(path_of(folder, TRUST_NAME, path), CERTIFICATE_PEM_MAX, &folder->trust, err);
	return code;
}

int folder_open(struct folder *folder, const char *path, struct err *err)
{
	int code;

	*folder = (struct folder){ .path = strdup(path) };
	strbuf_init(&folder->key_pem, KEY_PEM_MAX);
	strbuf_init(&folder->chain, CERTIFICATE_PEM_MAX);
	strbuf_init(&folder->trust, STRBUF_MAX_DEFAULT);
	code = folder->path ? folder_create(path, FOLDER_MODE, err) : err_set(err, ERR_MEMORY, "out of memory");
	if (code == 0)
		code = load(folder, err);
	if (code < 0)
		folder_fini(folder);
	return code;
}

int folder_take(struct folder *folder, const struct key *key, const char *chain, const char *trust, struct err *err)
{
	struct certificate certificate;
	AUTO_STRBUF key_pem = STRBUF_INIT;
	uint8_t pin[CERTIFICATE_PIN_SIZE];
	char path[PATH_MAX];
	int code = check_pair(key, chain, &certificate, err);

	if (code == 0)
		code = certificate_pin(trust, strlen(trust), pin, err);
	if (code == 0)
		code = key_write(key, &key_pem, err);
	/* Roots first: those of before are among them, so either pair of files works. */
	if (code == 0)
		code = file_write_atomic(path_of(folder, TRUST_NAME, path), trust, strlen(trust), TRUST_MODE, err);
	if (code == 0)
		code = write_own(folder, key_pem.data, chain, err);
	if (code == 0 && key != &folder->key) {
		key_fini(&folder->key);
		code = key_read(key_pem.data, key_pem.length, &folder->key, err);
	}
	if (code == 0) {
		strbuf_clear(&folder->key_pem);
		strbuf_add(&folder->key_pem, key_pem.data, key_pem.length);
		strbuf_clear(&folder->chain);
		strbuf_adds(&folder->chain, chain);
		strbuf_clear(&folder->trust);
		strbuf_adds(&folder->trust, trust);
		folder->certificate = certificate;
		folder->is_enrolled = true;
	}
	OPENSSL_cleanse(key_pem.data, key_pem.length);
	return code;
}

struct credentials folder_credentials(const struct folder *folder)
{
	return (struct credentials){ .chain = folder->chain.data,
				     .key = folder->key_pem.data,
				     .trust = folder->trust.data };
}

void folder_fini(struct folder *folder)
{
	if (folder->key_pem.length)
		OPENSSL_cleanse(folder->key_pem.data, folder->key_pem.length);
	key_fini(&folder->key);
	strbuf_fini(&folder->key_pem);
	strbuf_fini(&folder->chain);
	strbuf_fini(&folder->trust);
	free(folder->path);
	*folder = (struct folder){ 0 };
}
