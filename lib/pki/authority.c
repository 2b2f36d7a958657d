#include "pki/authority.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "pki/generation.h"
#include "pki/issue.h"
#include "pki/openssl.h"

#define STATE_NAME     "state"
#define STATE_MAX      256
#define COLLECTOR_NAME "Clewline collector"

struct authority {
	char folder[PATH_MAX - 64];
	pthread_mutex_t mutex; /* guards: all below */
	enum authority_stage stage;
	struct generation current; /* issues */
	struct generation other;   /* PREPARED: the next one; SWITCHED: the former one; its root only */
};

/* What the file says: the number that issues, and the other that is trusted, 0 for none. */
struct numbers {
	uint64_t current, other;
};

static char *state_path_of(const char *folder, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/" STATE_NAME, folder);
	return out;
}

static int numbers_store(const char *folder, struct numbers numbers, struct err *err)
{
	char path[PATH_MAX], text[STATE_MAX];
	int length = snprintf(text, sizeof(text), "issues %" PRIu64 "\ntrusted also %" PRIu64 "\n", numbers.current,
			      numbers.other);

	return file_write_atomic(state_path_of(folder, path), text, (size_t)length, 0600, err);
}

static int numbers_load(const char *folder, struct numbers *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	char path[PATH_MAX];
	int code = file_read(state_path_of(folder, path), STATE_MAX, &text, err);

	if (code < 0)
		return code;
	if (sscanf(text.data, "issues %" SCNu64 "\ntrusted also %" SCNu64 "\n", &ret->current, &ret->other) != 2 ||
	    !ret->current || ret->current == ret->other)
		return err_set(err, ERR_SYNTAX, "\"%s\" does not say which generation issues", path);
	return 0;
}

static enum authority_stage stage_of(struct numbers numbers)
{
	if (!numbers.other)
		return AUTHORITY_STEADY;
	return numbers.other > numbers.current ? AUTHORITY_PREPARED : AUTHORITY_SWITCHED;
}

/* Loads first, so that what is in use stays as it was if that fails. */
static int take(struct authority *authority, struct numbers numbers, struct err *err)
{
	struct generation current, other = { 0 };
	int code = generation_load(authority->folder, numbers.current, false, &current, err);

	if (code < 0)
		return code;
	if (numbers.other)
		code = generation_load(authority->folder, numbers.other, true, &other, err);
	if (code < 0) {
		generation_fini(&current);
		return code;
	}
	generation_fini(&authority->current);
	generation_fini(&authority->other);
	authority->current = current;
	authority->other = other;
	authority->stage = stage_of(numbers);
	return 0;
}

static int load(struct authority *authority, int64_t now_ns, struct err *err)
{
	struct numbers numbers = { .current = 1 };
	int code = numbers_load(authority->folder, &numbers, err);

	if (code == ERR_NOT_FOUND) {
		code = generation_create(authority->folder, numbers.current, now_ns, err);
		if (code == 0)
			code = numbers_store(authority->folder, numbers, err);
	}
	return code < 0 ? code : take(authority, numbers, err);
}

int authority_open(const char *folder, int64_t now_ns, struct authority **ret, struct err *err)
{
	struct authority *authority = calloc(1, sizeof(*authority));
	int code;

	if (!authority)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_init(&authority->mutex, NULL);
	if (strlen(folder) >= sizeof(authority->folder)) {
		code = err_set(err, ERR_LIMIT, "path \"%s\" is too long", folder);
	} else {
		strcpy(authority->folder, folder);
		code = folder_create(folder, 0700, err);
	}
	if (code == 0)
		code = load(authority, now_ns, err);
	if (code < 0) {
		authority_close(authority);
		return err_wrap(err, "certificate authority");
	}
	*ret = authority;
	return 0;
}

void authority_close(struct authority *authority)
{
	if (!authority)
		return;
	generation_fini(&authority->current);
	generation_fini(&authority->other);
	pthread_mutex_destroy(&authority->mutex);
	free(authority);
}

int authority_issue(struct authority *authority, const struct key *key, const struct identity *identity,
		    int64_t lifetime_ns, int64_t now_ns, struct strbuf *chain, struct certificate *ret,
		    struct err *err)
{
	struct issue issue = { .kind = identity->is_collector ? ISSUE_COLLECTOR : ISSUE_AGENT,
			       .name = identity->is_collector ? COLLECTOR_NAME : identity->agent,
			       .identity = identity,
			       .key = key,
			       .not_before_ns = now_ns - AUTHORITY_SLACK_NS,
			       .not_after_ns = now_ns + lifetime_ns };
	X509 *x509 = NULL;
	int code;

	pthread_mutex_lock(&authority->mutex);
	issue.issuer = authority->current.issuing;
	issue.issuer_key = &authority->current.issuing_key;
	code = issue_certificate(&issue, &x509, err);
	if (code == 0)
		code = certificate_describe(x509, ret, err);
	if (code == 0)
		code = certificate_write(x509, chain, err);
	if (code == 0) {
		strbuf_adds(chain, authority->current.issuing_pem.data);
		if (identity->is_collector)
			strbuf_adds(chain, authority->current.root_pem.data);
		if (chain->failed)
			code = err_set(err, ERR_MEMORY, "out of memory");
	}
	pthread_mutex_unlock(&authority->mutex);
	X509_free(x509);
	return code;
}

void authority_trust(struct authority *authority, struct strbuf *out)
{
	pthread_mutex_lock(&authority->mutex);
	strbuf_adds(out, authority->current.root_pem.data);
	if (authority->stage != AUTHORITY_STEADY)
		strbuf_adds(out, authority->other.root_pem.data);
	pthread_mutex_unlock(&authority->mutex);
}

int authority_pin(struct authority *authority, uint8_t out[CERTIFICATE_PIN_SIZE], struct err *err)
{
	int code;

	pthread_mutex_lock(&authority->mutex);
	code = certificate_pin(authority->current.root_pem.data, authority->current.root_pem.length, out, err);
	pthread_mutex_unlock(&authority->mutex);
	return code;
}

static int add_root(const struct generation *generation, char out[AUTHORITY_ROOT_TEXT_MAX], struct err *err)
{
	uint8_t pin[CERTIFICATE_PIN_SIZE];
	int code = certificate_pin(generation->root_pem.data, generation->root_pem.length, pin, err);

	if (code == 0)
		hex_format(pin, sizeof(pin), out);
	return code;
}

int authority_roots(struct authority *authority, char out[AUTHORITY_ROOTS_MAX][AUTHORITY_ROOT_TEXT_MAX],
		    struct err *err)
{
	bool has_other;
	int code;

	pthread_mutex_lock(&authority->mutex);
	has_other = authority->other.number != 0;
	code = add_root(&authority->current, out[0], err);
	if (code == 0 && has_other)
		code = add_root(&authority->other, out[1], err);
	pthread_mutex_unlock(&authority->mutex);
	return code < 0 ? code : 1 + has_other;
}

/* Also an issuing certificate that was made anew elsewhere, under the same root. */
static int reload(struct authority *authority, struct err *err)
{
	struct numbers numbers;
	struct generation fresh;
	bool is_same;
	int code = numbers_load(authority->folder, &numbers, err);

	if (code < 0)
		return code;
	if (numbers.current == authority->current.number && numbers.other == authority->other.number) {
		code = generation_load(authority->folder, numbers.current, false, &fresh, err);
		if (code < 0)
			return code;
		is_same = strcmp(fresh.issuing_pem.data, authority->current.issuing_pem.data) == 0;
		generation_fini(&fresh);
		if (is_same)
			return 0;
	}
	code = take(authority, numbers, err);
	return code < 0 ? code : 1;
}

int authority_reload(struct authority *authority, struct err *err)
{
	int code;

	pthread_mutex_lock(&authority->mutex);
	code = reload(authority, err);
	pthread_mutex_unlock(&authority->mutex);
	return code < 0 ? err_wrap(err, "certificate authority") : code;
}

enum authority_stage authority_stage(struct authority *authority)
{
	enum authority_stage stage;

	pthread_mutex_lock(&authority->mutex);
	stage = authority->stage;
	pthread_mutex_unlock(&authority->mutex);
	return stage;
}

static int step(struct authority *authority, int64_t now_ns, struct err *err)
{
	struct numbers former = { authority->current.number, authority->other.number };
	struct numbers next = { .current = former.current };
	int code = 0;

	if (authority->stage == AUTHORITY_STEADY) {
		next.other = next.current + 1;
		code = generation_create(authority->folder, next.other, now_ns, err);
	} else if (authority->stage == AUTHORITY_PREPARED) {
		next = (struct numbers){ authority->other.number, authority->current.number };
	}
	/* Taken before it is written down: what cannot be loaded is not begun. */
	if (code == 0)
		code = take(authority, next, err);
	if (code == 0) {
		code = numbers_store(authority->folder, next, err);
		if (code < 0)
			take(authority, former, NULL);
	}
	return code;
}

int authority_rotate(struct authority *authority, int64_t now_ns, struct err *err)
{
	int code;

	pthread_mutex_lock(&authority->mutex);
	code = step(authority, now_ns, err);
	pthread_mutex_unlock(&authority->mutex);
	return code < 0 ? err_wrap(err, "certificate authority") : 0;
}

int authority_renew(struct authority *authority, int64_t now_ns, struct err *err)
{
	int code;

	pthread_mutex_lock(&authority->mutex);
	code = generation_renew(authority->folder, &authority->current, now_ns, err);
	pthread_mutex_unlock(&authority->mutex);
	return code < 0 ? err_wrap(err, "certificate authority") : code;
}
