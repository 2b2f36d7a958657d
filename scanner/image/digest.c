#include "scanner/image/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"

#define DIGEST_DIGITS 64

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (digest)
		digest->context = EVP_MD_CTX_new();
	if (digest && (!digest->context || !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL)))
		digest_free_pointer(&digest);
	return digest;
}

void digest_add(struct digest *digest, const void *data, size_t length)
{
	EVP_DigestUpdate(digest->context, data, length);
}

char *digest_finish(struct digest *digest, char out[DIGEST_TEXT_MAX])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	EVP_DigestFinal_ex(digest->context, hash, &size);
	strcpy(out, DIGEST_PREFIX);
	hex_format(hash, size, out + strlen(DIGEST_PREFIX));
	digest_free_pointer(&digest);
	return out;
}

void digest_free_pointer(struct digest **digest)
{
	if (*digest) {
		EVP_MD_CTX_free((*digest)->context);
		free(*digest);
	}
	*digest = NULL;
}

char *digest_of(const void *data, size_t length, char out[DIGEST_TEXT_MAX])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	EVP_Digest(data, length, hash, &size, EVP_sha256(), NULL);
	strcpy(out, DIGEST_PREFIX);
	hex_format(hash, size, out + strlen(DIGEST_PREFIX));
	return out;
}

bool digest_is_valid(const char *text)
{
	size_t prefix = strlen(DIGEST_PREFIX);

	return text && strncmp(text, DIGEST_PREFIX, prefix) == 0 && strlen(text) == prefix + DIGEST_DIGITS &&
	       strspn(text + prefix, "0123456789abcdef") == DIGEST_DIGITS;
}
