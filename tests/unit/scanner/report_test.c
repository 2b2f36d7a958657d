#include "scanner/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/time.h"
#include "maker.h"

#define END                                                                                                          \
	{                                                                                                            \
		NULL, NULL, 0, NULL                                                                                  \
	}
#define SCANNED_AT (INT64_C(1795435200) * NS_PER_S)

static const struct made_file files[] = {
	{ "etc/os-release", "ID=demo\nVERSION_ID=\"1.2\"\nPRETTY_NAME='Demo \x1b[31m Linux'\n", 0, NULL },
	{ "lib/apk/db/installed", "P:musl\nV:1.1.22-r3\nA:x86_64\no:musl\n\n", 0, NULL },
	{ "bin/su\x1b]0;x", "x", 04755, NULL },
	END
};
static const struct made_image made = { "\"Env\":[\"DB_PASSWORD=hunter2\"]", "demo/app:1.2", { files, NULL } };

static void expect_golden(const char *name, const char *text)
{
	AUTO_STRBUF golden = STRBUF_INIT;
	char path[512];
	struct err err;

	snprintf(path, sizeof(path), "%s/tests/golden/scanner/%s", getenv("CLEWLINE_SOURCE"), name);
	if (getenv("CLEWLINE_GOLDEN_WRITE"))
		assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
	if (file_read(path, 1 << 20, &golden, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text, golden.data);
}

static int open_made(void **state)
{
	char path[] = "/tmp/clewline-report.XXXXXX";
	struct image *image = NULL;
	struct err err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	make_docker_archive(&made, path);
	if (image_open(&(struct image_conf){ .path = path }, &image, &err) < 0)
		fail_msg("%s", err.message);
	unlink(path);
	*state = image;
	return 0;
}

static int close_made(void **state)
{
	image_close(*state);
	return 0;
}

static void the_text_is_as_agreed_and_safe_for_a_terminal(void **state)
{
	AUTO_FREE struct findings *findings = calloc(1, sizeof(*findings));
	struct scan scan = { .image = *state, .findings = findings, .scanned_ns = SCANNED_AT };
	AUTO_STRBUF out = STRBUF_INIT;
	struct err err;

	assert_int_equal(checks_run(*state, findings, &err), 0);
	assert_int_equal(report_text(&scan, 0, &out, &err), 0);
	assert_null(strchr(out.data, '\x1b'));
	assert_null(strstr(out.data, "hunter2"));
	expect_golden("table", out.data);
	findings_fini(findings);
}

static void the_document_is_as_agreed(void **state)
{
	AUTO_FREE struct findings *findings = calloc(1, sizeof(*findings));
	struct scan scan = { .image = *state, .findings = findings, .scanned_ns = SCANNED_AT };
	AUTO_FREE char *text = NULL;
	json_t *document;
	struct err err;

	assert_int_equal(checks_run(*state, findings, &err), 0);
	document = report_json(&scan);
	text = json_dumps(document, JSON_INDENT(2));
	json_decref(document);
	assert_null(strstr(text, "hunter2"));
	expect_golden("document.json", text);
	findings_fini(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_as_agreed_and_safe_for_a_terminal),
		cmocka_unit_test(the_document_is_as_agreed),
	};

	return cmocka_run_group_tests(tests, open_made, close_made);
}
