/* The fast way and OpenSSL's one-shot give the same, in many threads at once. */
#include "model/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <pthread.h>

#include "base/attr.h"
#include "base/bytes.h"

#define THREADS 8
#define SIZE	300

static void *compare(void *context)
{
	unsigned char data[SIZE], fast[SHA256_SIZE], slow[SHA256_SIZE];
	size_t *wrong = context;

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t length = 0; length <= SIZE; length++) {
		sha256(data, length, fast);
		SHA256(data, length, slow);
		*wrong += memcmp(fast, slow, sizeof(fast)) != 0;
	}
	return NULL;
}

static void threads_agree(void **state UNUSED)
{
	size_t wrong[THREADS] = { 0 };
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, compare, &wrong[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

/* NIST's example. */
static void abc(void **state UNUSED)
{
	char digits[2 * SHA256_SIZE + 1];
	uint8_t digest[SHA256_SIZE];

	sha256("abc", 3, digest);
	assert_string_equal(hex_format(digest, sizeof(digest), digits),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(abc), cmocka_unit_test(threads_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
