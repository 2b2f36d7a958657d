#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char strbuf_empty[1] = "";

void strbuf_init(struct strbuf *buf, size_t max)
{
	*buf = (struct strbuf)STRBUF_INIT;
	buf->max = max;
}

void strbuf_fini(struct strbuf *buf)
{
	if (buf->size)
		free(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
}

void strbuf_clear(struct strbuf *buf)
{
	strbuf_truncate(buf, 0);
	buf->failed = false;
}

void strbuf_truncate(struct strbuf *buf, size_t length)
{
	if (length < buf->length) {
		buf->length = length;
		buf->data[length] = '\0';
	}
}

char *strbuf_reserve(struct strbuf *buf, size_t length)
{
	size_t need = buf->length + length + 1;
	size_t size = buf->size ? buf->size : 64;
	char *data;

	if (buf->failed || length > buf->max || buf->length + length > buf->max) {
		buf->failed = true;
		return NULL;
	}
	if (need <= buf->size)
		return buf->data + buf->length;
	while (size < need)
		size *= 2;
	data = realloc(buf->size ? buf->data : NULL, size);
	if (!data) {
		buf->failed = true;
		return NULL;
	}
	if (!buf->size)
		data[0] = '\0';
	buf->data = data;
	buf->size = size;
	return buf->data + buf->length;
}

void strbuf_grown(struct strbuf *buf, size_t length)
{
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void strbuf_add(struct strbuf *buf, const void *data, size_t length)
{
	char *target;

	if (!length)
		return;
	target = strbuf_reserve(buf, length);
	if (!target)
		return;
	memcpy(target, data, length);
	strbuf_grown(buf, length);
}

void strbuf_adds(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_addc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
{
	va_list copy;
	char *target;
	int length;

	va_copy(copy, args);
	length = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	if (length < 0) {
		buf->failed = true;
		return;
	}
	target = strbuf_reserve(buf, (size_t)length);
	if (!target)
		return;
	vsnprintf(target, (size_t)length + 1, format, args);
	buf->length += (size_t)length;
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(buf, format, args);
	va_end(args);
}

char *strbuf_take(struct strbuf *buf)
{
	char *data = NULL;

	if (!buf->failed)
		data = buf->size ? buf->data : strdup("");
	else if (buf->size)
		free(buf->data);
	strbuf_init(buf, buf->max);
	return data;
}
