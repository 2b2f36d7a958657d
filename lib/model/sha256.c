#include "model/sha256.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts; /* frees a thread's context with the thread */
static bool has_key;
static EVP_MD *algorithm; /* for the life of the process */

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void set_up(void)
{
	has_key = pthread_key_create(&contexts, free_context) == 0;
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static EVP_MD_CTX *own_context(void)
{
	EVP_MD_CTX *context;

	pthread_once(&once, set_up);
	if (!has_key || !algorithm)
		return NULL;
	context = pthread_getspecific(contexts);
	if (context)
		return context;
	context = EVP_MD_CTX_new();
	if (context && pthread_setspecific(contexts, context)) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	return context;
}

void sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE])
{
	EVP_MD_CTX *context = own_context();

	if (!context || !EVP_DigestInit_ex2(context, algorithm, NULL) || !EVP_DigestUpdate(context, data, length) ||
	    !EVP_DigestFinal_ex(context, out, NULL))
		SHA256(data, length, out);
}
