#include "json/json.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"

int json_parse(const char *name, const char *text, size_t length, json_t **ret, struct err *err)
{
	json_error_t error;

	if (length > JSON_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "could not parse \"%s\": larger than %u bytes", name, JSON_TEXT_MAX);
	*ret = json_loadb(text, length, 0, &error);
	if (!*ret)
		return err_set(err, ERR_SYNTAX, "could not parse \"%s\": line %d, column %d: %s", name, error.line,
			       error.column, error.text);
	return 0;
}

json_t *json_at(const json_t *json, ...)
{
	const char *name;
	va_list args;

	va_start(args, json);
	while (json && (name = va_arg(args, const char *)))
		json = json_object_get(json, name);
	va_end(args);
	return (json_t *)json;
}

const char *json_text(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

int json_set_text(json_t *object, const char *name, const char *text)
{
	AUTO_STRBUF valid = STRBUF_INIT;
	json_t *value;

	if (!text)
		return 0;
	value = json_string(text);
	/* jansson refuses strings that are not UTF-8; names of files and processes may be anything */
	if (!value) {
		utf8_add(&valid, text, strlen(text));
		value = json_string(valid.data);
	}
	return json_object_set_new(object, name, value);
}

/* jansson leaves DEL as it is; outside of strings it cannot occur. */
static int add_dumped(const char *text, size_t length, void *context)
{
	struct strbuf *out = context;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\x7f')
			strbuf_adds(out, "\\u007f");
		else
			strbuf_addc(out, text[i]);
	}
	return out->failed ? -1 : 0;
}

int json_print(const json_t *json, size_t flags, struct strbuf *out, struct err *err)
{
	if (json_dump_callback(json, add_dumped, out, flags | JSON_ENSURE_ASCII) < 0)
		return err_set(err, ERR_MEMORY, "could not print a JSON document: out of memory");
	strbuf_addc(out, '\n');
	return 0;
}
