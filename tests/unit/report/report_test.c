#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "json/json.h"
#include "report/report.h"
#include "text/escape.h"

/* ESC, OSC 52, CR, DEL, C1 (CSI), right-to-left override, zero width joiner, line separator, BOM, tag character. */
#define HOSTILE                                                                                                      \
	"\x1b[2J\x1b]52;c;ZQ==\a\r\x7f\xc2\x9b"                                                                      \
	"31m\xe2\x80\xae\xe2\x80\x8d\xe2\x80\xa8\xef\xbb\xbf\xf3\xa0\x80\xa1\n\t"

static json_t *story(void)
{
	const char *source = getenv("CLEWLINE_SOURCE");
	char path[4096];
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *document = NULL;

	snprintf(path, sizeof(path), "%s/tests/golden/cli/documents/story.json", source ? source : ".");
	assert_int_equal(file_read(path, JSON_TEXT_MAX, &text, NULL), 0);
	assert_int_equal(json_parse(path, text.data, text.length, &document, NULL), 0);
	return document;
}

/* Escaping what is safe already changes nothing but backslashes; colour never comes from the document. */
static void assert_safe(const char *text)
{
	AUTO_STRBUF plain = STRBUF_INIT;
	AUTO_STRBUF escaped = STRBUF_INIT;

	for (const char *c = text; *c; c++) {
		if (*c != '\n' && *c != '\\')
			strbuf_addc(&plain, *c);
	}
	escape_adds(&escaped, plain.data);
	assert_string_equal(escaped.data, plain.data);
}

static void render(const json_t *document, struct report_style style, struct strbuf *out)
{
	struct err err = { 0 };

	assert_int_equal(report_investigation(document, &style, out, &err), 0);
}

/* A copy in which every text is made hostile; keep keeps what it began with, so that ids and times still lead somewhere. */
static json_t *poisoned(const json_t *value, bool keep)
{
	json_t *copy, *member;
	const char *name;
	char text[4096];
	size_t i;

	if (json_is_string(value)) {
		snprintf(text, sizeof(text), "%s%s", keep ? json_string_value(value) : "", HOSTILE);
		return json_string(text);
	}
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach ((json_t *)value, i, member)
			json_array_append_new(copy, poisoned(member, keep));
		return copy;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	copy = json_object();
	json_object_foreach ((json_t *)value, name, member) {
		snprintf(text, sizeof(text), "%s", name);
		json_object_set_new(copy, text, poisoned(member, keep));
	}
	/* Names of facts come from outside as well. */
	if (json_object_get(value, "facts"))
		json_object_set_new(json_object_get(copy, "facts"), HOSTILE, json_string(HOSTILE));
	return copy;
}

static void nothing_unprintable_comes_out_whatever_the_document_holds(void **state UNUSED)
{
	AUTO_JSON document = story();
	static const size_t widths[] = { 0, 1, 60, 100, 1000 };

	for (size_t i = 0; i < 4 * ARRAY_SIZE(widths); i++) {
		AUTO_JSON bad = poisoned(document, i & 1);
		AUTO_STRBUF out = STRBUF_INIT;

		render(bad, (struct report_style){ .width = widths[i / 4], .ascii = i & 2 }, &out);
		assert_true(out.length > 0);
		assert_safe(out.data);
	}
}

/* Hostile members one at a time, so that the rest of the document still steers into every corner. */
static size_t poison_one(json_t *value, size_t at)
{
	json_t *member;
	const char *name;
	size_t i;

	if (json_is_string(value)) {
		if (at == 0)
			json_string_set(value, HOSTILE);
		return at - 1;
	}
	if (json_is_array(value)) {
		json_array_foreach (value, i, member) {
			at = poison_one(member, at);
			if (at == SIZE_MAX)
				return at;
		}
	}
	json_object_foreach (value, name, member) {
		at = poison_one(member, at);
		if (at == SIZE_MAX)
			return at;
	}
	return at;
}

static void one_hostile_text_anywhere_is_escaped(void **state UNUSED)
{
	AUTO_JSON document = story();
	size_t count = 0;

	for (;; count++) {
		AUTO_JSON bad = json_deep_copy(document);
		AUTO_STRBUF out = STRBUF_INIT;

		if (poison_one(bad, count) != SIZE_MAX)
			break;
		render(bad, (struct report_style){ .width = 100 }, &out);
		assert_safe(out.data);
	}
	assert_true(count > 300);
}

static void with_ascii_no_byte_is_above_ascii(void **state UNUSED)
{
	AUTO_JSON document = story();
	AUTO_STRBUF out = STRBUF_INIT;

	json_object_set_new(json_object_get(document, "subject"), "title", json_string("r\xc3\xa9gle"));
	render(document, (struct report_style){ .ascii = true }, &out);
	for (const char *c = out.data; *c; c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
	assert_non_null(strstr(out.data, "r\\u00e9gle"));
}

static void colour_adds_sequences_and_nothing_else(void **state UNUSED)
{
	AUTO_JSON document = story();
	AUTO_STRBUF plain = STRBUF_INIT;
	AUTO_STRBUF coloured = STRBUF_INIT;
	AUTO_STRBUF stripped = STRBUF_INIT;

	render(document, (struct report_style){ 0 }, &plain);
	render(document, (struct report_style){ .colour = true }, &coloured);
	for (const char *c = coloured.data; *c; c++) {
		if (*c == '\x1b')
			c = strchr(c, 'm');
		else
			strbuf_addc(&stripped, *c);
	}
	assert_true(coloured.length > plain.length);
	assert_string_equal(stripped.data, plain.data);
}

static void an_association_is_never_drawn_as_an_arrow(void **state UNUSED)
{
	AUTO_JSON document = story();
	AUTO_STRBUF out = STRBUF_INIT;

	render(document, (struct report_style){ .width = 200 }, &out);
	assert_non_null(strstr(out.data, "alert Write below binary dir ~ near user badlugo; NOT cause"));
	assert_null(strstr(out.data, "\xe2\x86\x92 near"));
	assert_non_null(strstr(out.data, "would raise it: ecs ExecuteCommand"));
	assert_non_null(strstr(out.data, "would lower it: a change ticket"));
	assert_non_null(strstr(out.data, "(order uncertain)"));
}

static void every_row_of_the_timeline_stands_in_the_list(void **state UNUSED)
{
	AUTO_JSON document = story();
	AUTO_STRBUF out = STRBUF_INIT;
	const json_t *row;
	size_t i;

	render(document, (struct report_style){ .width = 400 }, &out);
	json_array_foreach (json_object_get(document, "timeline"), i, row)
		assert_non_null(strstr(out.data, json_text(row, "text")));
}

static void members_of_any_type_and_none_are_survived(void **state UNUSED)
{
	static const char *const documents[] = {
		"{}",
		"{\"timeline\": 1, \"links\": {}, \"alerts\": \"x\", \"gaps\": [1, null], \"next\": [[]], "
		"\"verdict\": [[]]}",
		"{\"timeline\": [{}, 1, {\"time\": 5, \"alerts\": [1], \"lane\": \"user\"}], \"links\": [{}, []],"
		" \"process_tree\": [{}, {\"args\": [1, \"\"], \"children\": [{}, 2]}], \"entities\": [{}, "
		"{\"facts\": 1}],"
		" \"completeness\": [{}, 3], \"gaps\": [{}], \"summary\": [{}, 4], \"hidden_links\": \"x\"}",
		"{\"timeline\": [{\"time\": \"9999-12-31T23:59:59Z\", \"lane\": \"user\"},"
		" {\"time\": \"1970-01-01T00:00:00Z\", \"lane\": \"trail\"}], \"gaps\": [{\"source\": \"cloudtrail\","
		" \"from\": \"2200-01-01T00:00:00Z\"}], \"window\": {\"until\": \"1980-01-01T00:00:00Z\"}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		AUTO_JSON document = json_loads(documents[i], 0, NULL);
		AUTO_STRBUF out = STRBUF_INIT;

		assert_non_null(document);
		render(document, (struct report_style){ 0 }, &out);
		assert_safe(out.data);
	}
}

static void a_tree_deeper_than_the_limit_says_so(void **state UNUSED)
{
	json_t *node = json_object();
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_JSON document = NULL;

	for (int i = 0; i < 500; i++)
		node = json_pack("{s:[o]}", "children", node);
	document = json_pack("{s:[o]}", "process_tree", node);
	render(document, (struct report_style){ 0 }, &out);
	assert_non_null(strstr(out.data, "deeper than is shown here"));
}

static void what_is_no_object_is_refused(void **state UNUSED)
{
	AUTO_JSON document = json_array();
	AUTO_STRBUF out = STRBUF_INIT;
	struct report_style style = { 0 };
	struct err err;

	assert_int_equal(report_investigation(document, &style, &out, &err), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_unprintable_comes_out_whatever_the_document_holds),
		cmocka_unit_test(one_hostile_text_anywhere_is_escaped),
		cmocka_unit_test(with_ascii_no_byte_is_above_ascii),
		cmocka_unit_test(colour_adds_sequences_and_nothing_else),
		cmocka_unit_test(an_association_is_never_drawn_as_an_arrow),
		cmocka_unit_test(every_row_of_the_timeline_stands_in_the_list),
		cmocka_unit_test(members_of_any_type_and_none_are_survived),
		cmocka_unit_test(a_tree_deeper_than_the_limit_says_so),
		cmocka_unit_test(what_is_no_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
