#include "aws/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/time.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define DAY_CHARS   8
#define SECRET_MAX  256
#define DIGEST_SIZE SHA256_DIGEST_LENGTH

char *sigv4_date(int64_t ns, char out[SIGV4_DATE_MAX])
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, SIGV4_DATE_MAX, "%Y%m%dT%H%M%SZ", &tm);
	return out;
}

int sigv4_date_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	char written[SIGV4_DATE_MAX], plain[TIME_TEXT_MAX];

	if (strlen(text) == SIGV4_DATE_MAX - 1 && strspn(text, "0123456789TZ") == SIGV4_DATE_MAX - 1) {
		snprintf(plain, sizeof(plain), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 9,
			 text + 11, text + 13);
		/* written back, so that there is one way to say it */
		if (time_parse(plain, ret_ns, NULL) == 0 && strcmp(sigv4_date(*ret_ns, written), text) == 0)
			return 0;
	}
	return err_set(err, ERR_SYNTAX, "the date of the request is not written as 20150830T123600Z");
}

void sigv4_signed_headers(const struct sigv4_request *request, struct strbuf *out)
{
	for (size_t i = 0; i < request->header_count; i++)
		strbuf_addf(out, "%s%s", i ? ";" : "", request->headers[i].name);
}

static void add_digest(struct strbuf *out, const char *data, size_t length)
{
	unsigned char digest[DIGEST_SIZE];
	char digits[2 * DIGEST_SIZE + 1];

	SHA256((const unsigned char *)data, length, digest);
	strbuf_adds(out, hex_format(digest, sizeof(digest), digits));
}

static void add_canonical(const struct sigv4_request *request, struct strbuf *out)
{
	strbuf_addf(out, "%s\n%s\n%s\n", request->method, request->path, request->query);
	for (size_t i = 0; i < request->header_count; i++)
		strbuf_addf(out, "%s:%s\n", request->headers[i].name, request->headers[i].value);
	strbuf_addc(out, '\n');
	sigv4_signed_headers(request, out);
	strbuf_addc(out, '\n');
	add_digest(out, request->body, strlen(request->body));
}

static bool hmac(const void *key, size_t key_length, const char *text, unsigned char out[DIGEST_SIZE])
{
	return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text), out, NULL);
}

/* The secret signs the day, that the region, that the service: a key that is good for nothing else. */
static int signature(const struct sigv4_request *request, const char *secret_key, const char *text,
		     char out[SIGV4_SIGNATURE_MAX], struct err *err)
{
	unsigned char key[DIGEST_SIZE], next[DIGEST_SIZE];
	char secret[SECRET_MAX], day[DAY_CHARS + 1];
	int length = snprintf(secret, sizeof(secret), "AWS4%s", secret_key);
	bool made = length < (int)sizeof(secret);

	snprintf(day, sizeof(day), "%s", request->date);
	made = made && hmac(secret, (size_t)length, day, key) && hmac(key, sizeof(key), request->region, next) &&
	       hmac(next, sizeof(next), request->service, key) && hmac(key, sizeof(key), "aws4_request", next) &&
	       hmac(next, sizeof(next), text, key);
	if (made)
		hex_format(key, sizeof(key), out);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(next, sizeof(next));
	return made ? 0 : err_set(err, ERR_FAILED, "could not sign a request for AWS");
}

int sigv4_authorization(const struct sigv4_request *request, const char *access_key, const char *secret_key,
			struct strbuf *out, struct err *err)
{
	AUTO_STRBUF canonical = STRBUF_INIT, scope = STRBUF_INIT, text = STRBUF_INIT;
	char digits[SIGV4_SIGNATURE_MAX];
	int64_t ns;

	if (sigv4_date_parse(request->date, &ns, err) < 0)
		return err_set(err, ERR_USAGE, "\"%s\" is no date of a signed request", request->date);
	add_canonical(request, &canonical);
	strbuf_addf(&scope, "%.*s/%s/%s/aws4_request", DAY_CHARS, request->date, request->region, request->service);
	strbuf_addf(&text, ALGORITHM "\n%s\n%s\n", request->date, scope.data);
	add_digest(&text, canonical.data, canonical.length);
	if (canonical.failed || scope.failed || text.failed)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (signature(request, secret_key, text.data, digits, err) < 0)
		return err ? err->code : ERR_FAILED;
	strbuf_addf(out, ALGORITHM " Credential=%s/%s, SignedHeaders=", access_key, scope.data);
	sigv4_signed_headers(request, out);
	strbuf_addf(out, ", Signature=%s", digits);
	return out->failed ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}
