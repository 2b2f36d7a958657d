/* Tokens, identities and signing requests: what is read, and what is refused with which words. */
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pki/identity.h"
#include "pki/key.h"
#include "pki/request.h"
#include "pki/token.h"

static void a_token_is_what_was_written(void **state UNUSED)
{
	uint8_t pin[TOKEN_PIN_SIZE];
	struct token token, back;
	char text[TOKEN_TEXT_MAX], again[TOKEN_TEXT_MAX];

	memset(pin, 0xab, sizeof(pin));
	for (int64_t tenant = 1; tenant < 1000000000000000000; tenant *= 10) {
		assert_int_equal(token_new(tenant, pin, &token, NULL), 0);
		assert_int_equal(token_parse(token_format(&token, text), &back, NULL), 0);
		assert_int_equal(back.tenant, tenant);
		assert_memory_equal(back.secret, token.secret, TOKEN_SECRET_SIZE);
		assert_memory_equal(back.pin, pin, TOKEN_PIN_SIZE);
		assert_string_equal(token_format(&back, again), text);
	}
}

static void a_token_with_any_other_character_is_refused_without_repeating_it(void **state UNUSED)
{
	uint8_t pin[TOKEN_PIN_SIZE] = { 1 };
	struct token token, back;
	char text[TOKEN_TEXT_MAX];
	struct err err;

	assert_int_equal(token_new(7, pin, &token, NULL), 0);
	token_format(&token, text);
	for (size_t i = 0; text[i]; i++) {
		char kept = text[i];

		text[i] = kept == '3' ? '4' : '3';
		assert_int_equal(token_parse(text, &back, &err), ERR_SYNTAX);
		assert_null(strstr(err.message, "333"));
		text[i] = kept;
	}
	assert_int_equal(token_parse(text, &back, &err), 0);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(token_parse(text, &back, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "the enrolment token is not one: its length or a character is wrong");
	assert_int_equal(token_parse("", &back, &err), ERR_SYNTAX);
	assert_int_equal(token_parse("clw1-01-", &back, &err), ERR_SYNTAX);
}

static void an_invitation_is_a_token_without_a_secret(void **state UNUSED)
{
	static const char *const wrong[] = { "", "clw1-7-ab-00000000", "clw1i-7-ab-00000000" };
	struct token token = { .tenant = 7 }, back;
	char text[TOKEN_TEXT_MAX];

	memset(token.pin, 0xab, sizeof(token.pin));
	assert_int_equal(invitation_parse(invitation_format(&token, text), &back, NULL), 0);
	assert_int_equal(back.tenant, 7);
	assert_memory_equal(back.pin, token.pin, TOKEN_PIN_SIZE);
	assert_int_equal(token_parse(text, &back, NULL), ERR_SYNTAX);
	text[9] ^= 1;
	assert_int_equal(invitation_parse(text, &back, NULL), ERR_SYNTAX);
	/* one text for one token: capital digits are others, also in the checksum, which does not cover itself */
	assert_int_equal(
		invitation_parse("clw1i-7-abababababababababababababababababababababababababababababababab-B165cf4b",
				 &back, NULL),
		ERR_SYNTAX);
	assert_int_equal(invitation_parse(token_format(&token, text), &back, NULL), ERR_SYNTAX);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(invitation_parse(wrong[i], &back, NULL), ERR_SYNTAX);
}

static void what_is_kept_of_a_token_is_its_digest(void **state UNUSED)
{
	/* SHA-256 of 32 zero bytes */
	static const char digest_text[] = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
	uint8_t secret[TOKEN_SECRET_SIZE] = { 0 }, digest[TOKEN_DIGEST_SIZE];
	char text[2 * TOKEN_DIGEST_SIZE + 1];

	token_digest(secret, digest);
	assert_string_equal(hex_format(digest, sizeof(digest), text), digest_text);
}

static void an_identity_has_one_text(void **state UNUSED)
{
	static const char *const good[] = { "urn:clewline:collector", "urn:clewline:1:a",
					    "urn:clewline:999999999999999999:ag_0123456789abcdef",
					    "urn:clewline:42:Web-1.example_x" };
	struct identity identity;
	char text[IDENTITY_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(identity_parse(good[i], strlen(good[i]), &identity, NULL), 0);
		assert_string_equal(identity_format(&identity, text), good[i]);
	}
}

static void what_is_no_identity_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"urn:clewline:",
		"urn:clewline:1",
		"urn:clewline:1:",
		"urn:clewline:0:a",
		"urn:clewline:01:a",
		"urn:clewline:-1:a",
		"urn:clewline:1000000000000000000:a",
		"urn:clewline:1:a:b",
		"urn:clewline:1:a b",
		"urn:clewline:1:../x",
		"urn:clewline:1:\xc3\xa4",
		"URN:clewline:1:a",
		"urn:clewline:collector:1",
		" urn:clewline:1:a",
		"urn:clewline:1:a\n",
		"urn:clewline:x:a",
		"http://clewline/1/a",
		"urn:clewline:1:0123456789012345678901234567890123456789012345678901234567890123"
	};
	struct identity identity;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(identity_parse(bad[i], strlen(bad[i]), &identity, NULL), ERR_SYNTAX);
	/* a NUL within would end the text early for whoever compares it as one */
	assert_int_equal(identity_parse("urn:clewline:1:a\0b", 18, &identity, NULL), ERR_SYNTAX);
}

static void a_request_carries_its_key_and_nothing_else(void **state UNUSED)
{
	AUTO_STRBUF der = STRBUF_INIT;
	AUTO_KEY key = { 0 }, back = { 0 };
	char one[KEY_DIGEST_MAX], other[KEY_DIGEST_MAX];

	assert_int_equal(key_new(&key, NULL), 0);
	assert_int_equal(request_make(&key, &der, NULL), 0);
	assert_int_equal(request_check(der.data, der.length, &back, NULL), 0);
	assert_string_equal(key_digest(&key, one), key_digest(&back, other));
	assert_int_equal(strlen(one), KEY_DIGEST_MAX - 1);
}

static void a_request_with_any_other_byte_is_refused(void **state UNUSED)
{
	AUTO_STRBUF der = STRBUF_INIT;
	AUTO_KEY key = { 0 };

	assert_int_equal(key_new(&key, NULL), 0);
	assert_int_equal(request_make(&key, &der, NULL), 0);
	for (size_t i = 0; i < der.length; i++) {
		AUTO_KEY back = { 0 };

		der.data[i] ^= 1;
		assert_true(request_check(der.data, der.length, &back, NULL) < 0);
		der.data[i] ^= 1;
	}
	for (size_t length = 0; length < der.length; length++) {
		AUTO_KEY back = { 0 };

		assert_true(request_check(der.data, length, &back, NULL) < 0);
	}
	strbuf_addc(&der, 'x');
	{
		AUTO_KEY back = { 0 };
		struct err err;

		assert_int_equal(request_check(der.data, der.length, &back, &err), ERR_SYNTAX);
		assert_string_equal(err.message, "is not a signing request (PKCS #10)");
	}
}

static void only_keys_on_p256_are_taken(void **state UNUSED)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *pem = BIO_new(BIO_s_mem());
	struct key key = { 0 };
	struct err err;
	char *text;
	long length;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(pem, other, NULL, NULL, 0, NULL, NULL), 1);
	length = BIO_get_mem_data(pem, &text);
	assert_int_equal(key_read(text, (size_t)length, &key, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "the key is not one on the curve P-256");
	BIO_free(pem);
	EVP_PKEY_free(other);
	assert_int_equal(key_read("nothing", 7, &key, &err), ERR_SYNTAX);
	assert_null(key.pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_what_was_written),
		cmocka_unit_test(a_token_with_any_other_character_is_refused_without_repeating_it),
		cmocka_unit_test(an_invitation_is_a_token_without_a_secret),
		cmocka_unit_test(what_is_kept_of_a_token_is_its_digest),
		cmocka_unit_test(an_identity_has_one_text),
		cmocka_unit_test(what_is_no_identity_is_refused),
		cmocka_unit_test(a_request_carries_its_key_and_nothing_else),
		cmocka_unit_test(a_request_with_any_other_byte_is_refused),
		cmocka_unit_test(only_keys_on_p256_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
