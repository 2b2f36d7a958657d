#include "pki/generation.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "pki/authority.h"
#include "pki/certificate.h"
#include "pki/issue.h"
#include "pki/openssl.h"

#define ROOT_CERTIFICATE    "root.crt"
#define ROOT_KEY	    "root.key"
#define ISSUING_CERTIFICATE "issuing.crt"
#define ISSUING_KEY	    "issuing.key"
#define NAME_MAX_LENGTH	    64

static char *path_of(const char *folder, uint64_t number, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%" PRIu64 "%s%s", folder, number, *name ? "/" : "", name);
	return out;
}

static int store_certificate(const char *path, const X509 *x509, struct err *err)
{
	AUTO_STRBUF pem = STRBUF_INIT;
	int code = certificate_write(x509, &pem, err);

	return code < 0 ? code : file_write_atomic(path, pem.data, pem.length, 0644, err);
}

static int make(const char *folder, uint64_t number, const struct issue *issue, const char *key_name,
		const char *certificate_name, struct x509_st **ret, struct err *err)
{
	char path[PATH_MAX];
	int code = issue_certificate(issue, ret, err);

	if (code == 0)
		code = key_store(issue->key, path_of(folder, number, key_name, path), err);
	if (code == 0)
		code = store_certificate(path_of(folder, number, certificate_name, path), *ret, err);
	return code;
}

static int make_issuing(const char *folder, uint64_t number, const X509 *root, const struct key *root_key,
			int64_t now_ns, struct err *err)
{
	char name[NAME_MAX_LENGTH];
	X509 *issuing = NULL;
	AUTO_KEY key = { 0 };
	struct issue issue = { .kind = ISSUE_ISSUING,
			       .name = name,
			       .key = &key,
			       .issuer = root,
			       .issuer_key = root_key,
			       .not_before_ns = now_ns - AUTHORITY_SLACK_NS,
			       .not_after_ns = now_ns + GENERATION_ISSUING_NS };
	int code = key_new(&key, err);

	snprintf(name, sizeof(name), "Clewline issuing %" PRIu64, number);
	if (code == 0)
		code = make(folder, number, &issue, ISSUING_KEY, ISSUING_CERTIFICATE, &issuing, err);
	X509_free(issuing);
	return code;
}

int generation_create(const char *folder, uint64_t number, int64_t now_ns, struct err *err)
{
	char name[NAME_MAX_LENGTH], path[PATH_MAX];
	X509 *root = NULL;
	AUTO_KEY key = { 0 };
	struct issue issue = { .kind = ISSUE_ROOT,
			       .name = name,
			       .key = &key,
			       .issuer_key = &key,
			       .not_before_ns = now_ns - AUTHORITY_SLACK_NS,
			       .not_after_ns = now_ns + GENERATION_ROOT_NS };
	int code = folder_create(path_of(folder, number, "", path), 0700, err);

	snprintf(name, sizeof(name), "Clewline root %" PRIu64, number);
	if (code == 0)
		code = key_new(&key, err);
	if (code == 0)
		code = make(folder, number, &issue, ROOT_KEY, ROOT_CERTIFICATE, &root, err);
	if (code == 0)
		code = make_issuing(folder, number, root, &key, now_ns, err);
	X509_free(root);
	return code;
}

static int load_certificate(const char *path, struct strbuf *pem, X509 **ret, struct err *err)
{
	int code;

	strbuf_init(pem, STRBUF_MAX_DEFAULT);
	code = file_read(path, CERTIFICATE_PEM_MAX / 2, pem, err);
	if (code < 0)
		return code;
	code = certificate_first(pem->data, pem->length, ret, err);
	return code < 0 ? err_wrap(err, "\"%s\"", path) : 0;
}

static int load_issuing(const char *folder, struct generation *generation, struct err *err)
{
	char path[PATH_MAX];
	int code = load_certificate(path_of(folder, generation->number, ISSUING_CERTIFICATE, path),
				    &generation->issuing_pem, &generation->issuing, err);

	if (code == 0)
		code = key_load(path_of(folder, generation->number, ISSUING_KEY, path), &generation->issuing_key,
				err);
	/* The two files are replaced one after the other: a crash in between leaves a pair that does not fit. */
	if (code == 0 && X509_check_private_key(generation->issuing, generation->issuing_key.pkey) != 1) {
		openssl_forget();
		code = err_set(err, ERR_SYNTAX, "\"%s\" is not the key of " ISSUING_CERTIFICATE " beside it", path);
	}
	return code;
}

int generation_load(const char *folder, uint64_t number, bool root_only, struct generation *ret, struct err *err)
{
	char path[PATH_MAX];
	int code;

	*ret = (struct generation){ .number = number };
	code = load_certificate(path_of(folder, number, ROOT_CERTIFICATE, path), &ret->root_pem, &ret->root, err);
	if (code == 0 && !root_only)
		code = load_issuing(folder, ret, err);
	if (code < 0)
		generation_fini(ret);
	return code;
}

static bool is_old(const struct generation *generation, int64_t now_ns)
{
	struct certificate facts;

	return certificate_describe(generation->issuing, &facts, NULL) < 0 ||
	       facts.not_after_ns - now_ns < GENERATION_ISSUING_NS / 3;
}

int generation_renew(const char *folder, struct generation *generation, int64_t now_ns, struct err *err)
{
	struct generation renewed;
	char path[PATH_MAX];
	AUTO_KEY root_key = { 0 };
	int code;

	if (!is_old(generation, now_ns))
		return 0;
	code = key_load(path_of(folder, generation->number, ROOT_KEY, path), &root_key, err);
	if (code == 0)
		code = make_issuing(folder, generation->number, generation->root, &root_key, now_ns, err);
	if (code == 0)
		code = generation_load(folder, generation->number, false, &renewed, err);
	if (code < 0)
		return code;
	generation_fini(generation);
	*generation = renewed;
	return 1;
}

void generation_fini(struct generation *generation)
{
	X509_free(generation->root);
	X509_free(generation->issuing);
	key_fini(&generation->issuing_key);
	strbuf_fini(&generation->root_pem);
	strbuf_fini(&generation->issuing_pem);
	*generation = (struct generation){ 0 };
}
