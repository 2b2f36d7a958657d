#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/fim/line_diff.h"
#include "agent/fim/watch_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static void the_built_in_sets_know_what_matters(void **state)
{
	static const struct {
		const char *path, *set;
	} cases[] = {
		{ "/usr/bin/sudo", "Programs" },
		{ "/usr/local/bin/tool", "Programs" },
		{ "/lib/x86_64-linux-gnu/libc.so.6", "Libraries" },
		{ "/usr/lib/python3/__pycache__/x.cpython-311.pyc", NULL },
		{ "/etc/ld.so.preload", "Loader" },
		{ "/etc/passwd", "Identity" },
		{ "/etc/sudoers.d/me", "Identity" },
		{ "/root/.ssh/authorized_keys", "SSH" },
		{ "/home/web/.ssh/authorized_keys", "SSH" },
		{ "/srv/x/.ssh/authorized_keys", "SSH" },
		{ "/srv/x/.ssh/known_hosts", NULL },
		{ "/etc/cron.d/job", "Scheduled" },
		{ "/home/web/.bashrc", "Shell start" },
		{ "/root/.aws/credentials", "Cloud credentials" },
		{ "/etc/anything/else.conf", "Configuration and packages" },
		{ "/var/www/html/index.php", "Web roots" },
		{ "/tmp/x", NULL },
		{ "/usr/binary", NULL },
		{ "/usr/bin/", NULL },
	};
	struct watch_sets *sets = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(watch_sets_load(NULL, 0, &sets, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct watch_set *set = watch_sets_find(sets, cases[i].path);

		if ((set == NULL) != (cases[i].set == NULL) || (set && strcmp(set->name, cases[i].set) != 0))
			fail_msg("%s is in %s", cases[i].path, set ? set->name : "none");
	}
	watch_sets_free(sets);
}

static int load(const char *text, struct watch_sets **ret, struct err *err)
{
	char path[] = "/tmp/watch_set.XXXXXX";
	const char *files[] = { path };
	int fd = mkstemp(path), code;

	assert_int_equal(fd_write_all(fd, text, strlen(text), NULL), 0);
	close(fd);
	code = watch_sets_load(files, 1, ret, err);
	unlink(path);
	return code;
}

static void sets_of_ones_own_take_their_place(void **state)
{
	struct watch_sets *sets = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(
		load("- watch: Mine\n  paths: [/srv/app/, '*.conf']\n  except: ['/srv/app/cache/']\n  diff: yes\n",
		     &sets, &err),
		0);
	assert_int_equal(watch_sets_count(sets), 1);
	assert_true(watch_sets_at(sets, 0)->has_diff);
	assert_non_null(watch_sets_find(sets, "/srv/app/a/b"));
	assert_non_null(watch_sets_find(sets, "/any/where/x.conf"));
	assert_null(watch_sets_find(sets, "/srv/app/cache/x"));
	assert_null(watch_sets_find(sets, "/usr/bin/sudo"));
	watch_sets_free(sets);
}

static void mistakes_have_a_place(void **state)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "- watch: x\n", ":1:3: a set needs watch and paths" },
		{ "- watch: x\n  paths: [relative]\n", ":2:11: a path must be absolute" },
		{ "- watch: x\n  paths: [/a]\n  path: [/b]\n", ":3:3: must be watch" },
		{ "- watch: x\n  paths: [/a]\n  diff: maybe\n", ":3:9: must be true or false" },
		{ "watch: x\n", ":1:1: must be a list of sets" },
		{ "- [\n", ":" },
		{ "# nothing\n", "no sets of files" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct watch_sets *sets = NULL;
		struct err err = { 0 };

		assert_int_equal(load(cases[i].text, &sets, &err), ERR_SYNTAX);
		if (!strstr(err.message, cases[i].problem))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void only_lines_that_changed_are_shown(void **state)
{
	static const struct {
		const char *before, *after, *diff;
	} cases[] = {
		{ "a\nb\nc\n", "a\nB\nc\n", "-b\n+B\n" },
		{ "a\n", "a\nb\n", "+b\n" },
		{ "a\nb\n", "b\n", "-a\n" },
		{ "", "x", "+x\n" },
		{ "same\n", "same\n", "" },
		{ "a\na\na\n", "a\na\n", "-a\n" },
		{ "no end", "no end\n", "-no end\n+no end\n" },
	};
	char *long_text = malloc(LINE_DIFF_MAX + 100);
	AUTO_STRBUF cut = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STRBUF diff = STRBUF_INIT;

		line_diff(cases[i].before, cases[i].after, &diff);
		assert_string_equal(diff.data, cases[i].diff);
	}
	memset(long_text, 'x', LINE_DIFF_MAX + 99);
	long_text[LINE_DIFF_MAX + 99] = '\0';
	line_diff("", long_text, &cut);
	assert_string_equal(cut.data, "...\n");
	free(long_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_sets_know_what_matters),
		cmocka_unit_test(sets_of_ones_own_take_their_place),
		cmocka_unit_test(mistakes_have_a_place),
		cmocka_unit_test(only_lines_that_changed_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
