#include "pki/openssl.h"

#include <openssl/err.h>

void openssl_forget(void)
{
	ERR_clear_error();
}

int openssl_failed(struct err *err, const char *text)
{
	char reason[256];

	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	openssl_forget();
	return err_set(err, ERR_FAILED, "%s: %s", text, reason);
}
