#include "bus/address.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool address_is_tls(const char *url)
{
	return begins(url, "tls+tcp://");
}

bool address_is_ipc(const char *url)
{
	return begins(url, "ipc://");
}

bool address_is_local(const char *url)
{
	static const char *const prefixes[] = { "ipc://", "unix:", "tcp://127.", "tcp://[::1]:", "tcp://localhost:" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (begins(url, prefixes[i]))
			return true;
	}
	return false;
}

int address_check(const char *url, struct err *err)
{
	if (address_is_tls(url) || address_is_local(url))
		return 0;
	if (begins(url, "tcp://"))
		return err_set(err, ERR_USAGE,
			       "\"%s\" would leave this machine unencrypted and unauthenticated; use tls+tcp://",
			       url);
	return err_set(err, ERR_USAGE,
		       "\"%s\" is no address of a collector: use ipc:///PATH, tls+tcp://HOST:PORT or "
		       "tcp://127.0.0.1:PORT",
		       url);
}

/* Hosts that mean every address of this machine, as nng takes them. */
static const struct {
	const char *wildcard, *own;
} wildcards[] = {
	{ "://0.0.0.0:", "://127.0.0.1:" },
	{ "://*:", "://127.0.0.1:" },
	{ "://[::]:", "://[::1]:" },
};

int address_of_own(const char *url, char out[ADDRESS_URL_MAX], struct err *err)
{
	const char *rest = strstr(url, "://");
	int length;

	for (size_t i = 0; rest && i < ARRAY_SIZE(wildcards); i++) {
		if (!begins(rest, wildcards[i].wildcard))
			continue;
		length = snprintf(out, ADDRESS_URL_MAX, "%.*s%s%s", (int)(rest - url), url, wildcards[i].own,
				  rest + strlen(wildcards[i].wildcard));
		return length < ADDRESS_URL_MAX ? 0 : err_set(err, ERR_LIMIT, "address is too long");
	}
	length = snprintf(out, ADDRESS_URL_MAX, "%s", url);
	return length < ADDRESS_URL_MAX ? 0 : err_set(err, ERR_LIMIT, "address is too long");
}
