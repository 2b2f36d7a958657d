#include "rules/run/format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <time.h>

#include "base/time.h"
#include "json/json.h"
#include "rules/run/run.h"

static void ip_print(const struct value *value, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(value->is_v4 ? AF_INET : AF_INET6, value->ip + (value->is_v4 ? 12 : 0), text, sizeof(text));
	strbuf_adds(out, text);
}

void value_print(const struct value *value, struct strbuf *out)
{
	if (value->is_list) {
		strbuf_addc(out, '(');
		for (size_t i = 0; i < value->count; i++) {
			strbuf_adds(out, i ? "," : "");
			value_print(&value->items[i], out);
		}
		strbuf_addc(out, ')');
		return;
	}
	switch (value->type) {
	case VALUE_TEXT:
		strbuf_add(out, value->text, value->length);
		return;
	case VALUE_BYTES:
		for (size_t i = 0; i < value->length; i++)
			strbuf_addc(out, value->text[i] >= ' ' && value->text[i] < 0x7f ? value->text[i] : '.');
		return;
	case VALUE_UINT:
	case VALUE_PORT:
		strbuf_addf(out, "%" PRIu64, value->unumber);
		return;
	case VALUE_BOOL:
		strbuf_adds(out, value->truth ? "true" : "false");
		return;
	case VALUE_IP:
	case VALUE_NET:
		ip_print(value, out);
		return;
	default:
		strbuf_addf(out, "%" PRId64, value->number);
	}
}

static json_t *value_make(const struct value *value)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_JSON object = NULL;

	if (!value)
		return json_null();
	if (value->is_list) {
		json_t *list = json_array();

		for (size_t i = 0; list && i < value->count; i++)
			json_array_append_new(list, value_make(&value->items[i]));
		return list;
	}
	switch (value->type) {
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DURATION:
		return json_integer(value->number);
	case VALUE_UINT:
	case VALUE_PORT:
		return json_integer((json_int_t)value->unumber);
	case VALUE_BOOL:
		return json_boolean(value->truth);
	default:
		value_print(value, &text);
		object = json_object();
		if (!object || json_set_text(object, "", text.data) < 0)
			return NULL;
		return json_incref(json_object_get(object, ""));
	}
}

int value_json(const struct value *value, struct strbuf *out, struct err *err)
{
	AUTO_JSON json = value_make(value);
	AUTO_FREE char *text = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (!text)
		return err_set(err, ERR_MEMORY, "out of memory");
	strbuf_adds(out, text);
	return 0;
}

/* evt.time is shown as time of day, or in ISO 8601. */
static void time_print(int64_t ns, bool is_iso, struct strbuf *out)
{
	time_t seconds = ns / NS_PER_S;
	long rest = (long)(ns % NS_PER_S);
	char text[32];
	struct tm tm;

	if (rest < 0) {
		rest += NS_PER_S;
		seconds--;
	}
	if (is_iso)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), is_iso ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	strbuf_addf(out, "%s.%09ld%s", text, rest, is_iso ? "+0000" : "");
}

static void operand_show(const struct operand *operand, const struct value *value, struct strbuf *out)
{
	if (!value)
		strbuf_adds(out, MISSING_TEXT);
	else if (operand->kind == OPERAND_FIELD && value->type == VALUE_TIME && !value->is_list &&
		 (operand->field == FIELD_EVT_TIME || operand->field == FIELD_EVT_TIME_ISO8601))
		time_print(value->number, operand->field == FIELD_EVT_TIME_ISO8601, out);
	else
		value_print(value, out);
}

void format_print(const struct format *format, struct run *run, struct strbuf *out)
{
	for (size_t i = 0; i < format->count; i++) {
		const struct format_token *token = &format->tokens[i];
		size_t start = out->length;

		if (token->text) {
			strbuf_adds(out, token->text);
			continue;
		}
		operand_show(&run->program->operands[token->operand], run_operand(run, token->operand), out);
		if (!token->width)
			continue;
		if (out->length - start > token->width)
			strbuf_truncate(out, start + token->width);
		while (out->length - start < token->width && !out->failed)
			strbuf_addc(out, ' ');
	}
}
