#include "http/http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int http_url(const char *wanted, const char *state, char out[HTTP_URL_MAX], struct err *err)
{
	char folder[STATE_PATH_MAX], path[STATE_PATH_MAX];

	if (wanted && *wanted) {
		if (strlen(wanted) >= HTTP_URL_MAX)
			return err_set(err, ERR_USAGE, "URL \"%.80s...\" is longer than %d bytes", wanted,
				       HTTP_URL_MAX - 1);
		snprintf(out, HTTP_URL_MAX, "%s", wanted);
		return 0;
	}
	if (state_folder(state, folder, err) < 0 || state_path(folder, STATE_API_SOCKET, path, err) < 0)
		return err ? err->code : ERR_FAILED;
	snprintf(out, HTTP_URL_MAX, "unix:%s", path);
	return 0;
}

void http_escape(struct strbuf *buf, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; c && *c; c++) {
		if (isascii(*c) && (isalnum(*c) || strchr("-._~", *c)))
			strbuf_addc(buf, (char)*c);
		else
			strbuf_addf(buf, "%%%02X", *c);
	}
}
