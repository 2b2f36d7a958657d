#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_format(struct err *err, enum err_code code, const char *format, va_list args)
{
	err->code = code;
	vsnprintf(err->message, sizeof(err->message), format, args);
}

void err_hint(struct err *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, format);
	vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
	va_list args;

	if (err) {
		err->hint[0] = '\0';
		va_start(args, format);
		err_format(err, code, format, args);
		va_end(args);
	}
	return code;
}

int err_errno(struct err *err, enum err_code code, const char *format, ...)
{
	int saved = errno;
	va_list args;
	size_t used;

	if (code == ERR_FAILED && (saved == ENOSPC || saved == EDQUOT))
		code = ERR_FULL;
	if (!err)
		return code;
	err->hint[0] = '\0';
	va_start(args, format);
	err_format(err, code, format, args);
	va_end(args);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(saved));
	return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char inner[ERR_MESSAGE_MAX];
	va_list args;
	size_t used;

	if (!err)
		return ERR_FAILED;
	memcpy(inner, err->message, sizeof(inner));
	va_start(args, format);
	err_format(err, err->code, format, args);
	va_end(args);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", inner);
	return err->code;
}

int err_exit_code(int code)
{
	if (code >= 0)
		return 0;
	switch (code) {
#define X(name, number, exit_code, text)                                                                             \
	case number:                                                                                                 \
		return exit_code;
		ERR_CODES(X)
#undef X
	default:
		return 1;
	}
}
