#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "conf/help.h"
#include "conf/program.h"

struct sample {
	bool loud;
	const char *output;
	int64_t count;
	int64_t wait;
	struct opt_list rules;
	const char *database;
};

static const struct opt opts[] = {
	OPT(sample, loud, "loud", 'l', OPT_FLAG, NULL, NULL, "say more"),
	OPT(sample, output, "output", 'o', OPT_TEXT, "FORMAT", "text", "text or json"),
	OPT_RANGE(sample, count, "max-count", "N", 1, 10, "3", "how many"),
	OPT(sample, wait, "wait", 0, OPT_DURATION, "TIME", "15m", "how long"),
	OPT(sample, rules, "rules", 'r', OPT_LIST, "FILE", NULL, "rule files; may be repeated"),
	{ .name = "database",
	  .type = OPT_TEXT,
	  .offset = offsetof(struct sample, database),
	  .argument = "URL",
	  .help = "another server",
	  .env = "SAMPLE_DATABASE" },
	OPT_END,
};

static const struct command commands[] = {
	{ .name = "things list",
	  .arguments = "NAME...",
	  .summary = "list things",
	  .details = ".dots and 'quotes' at the start, \\ and - anywhere\n.like this",
	  .opts = opts,
	  .conf_size = sizeof(struct sample),
	  .args_min = 1,
	  .args_max = 2 },
	{ .name = "run",
	  .arguments = "-- COMMAND [ARGUMENT]...",
	  .summary = "run a command",
	  .opts = opts,
	  .conf_size = sizeof(struct sample),
	  .args_min = 1,
	  .args_max = -1,
	  .takes_command_line = true },
	{ .name = NULL },
};
static const struct program program = { .name = "sample", .summary = "shows itself", .commands = commands };

static struct err err;
static struct sample conf;
static char *words[16];
static int count;

/* Parses line, words between blanks, as what follows the command's name. */
static int parse(const struct command *command, const char *line)
{
	static char copy[256];
	char *rest = NULL;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	words[0] = (char *)"sample";
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		words[argc++] = word;
	words[argc] = NULL;
	memset(&conf, 0, sizeof(conf));
	memset(&err, 0, sizeof(err));
	return program_parse(&program, command, argc, words, &conf, &count, &err);
}

static int forget_environment(void **state UNUSED)
{
	static const char *const names[] = { "CLEWLINE_LOUD", "CLEWLINE_OUTPUT", "CLEWLINE_MAX_COUNT",
					     "CLEWLINE_WAIT", "CLEWLINE_RULES",	 "SAMPLE_DATABASE" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	return 0;
}

static void what_nobody_says_has_its_default(void **state UNUSED)
{
	assert_int_equal(parse(&commands[0], "a"), 0);
	assert_false(conf.loud);
	assert_string_equal(conf.output, "text");
	assert_int_equal(conf.count, 3);
	assert_int_equal(conf.wait, 900 * NS_PER_S);
	assert_int_equal(conf.rules.count, 0);
	assert_null(conf.database);
	assert_int_equal(count, 1);
	assert_string_equal(words[0], "a");
	assert_null(words[1]);
}

static void the_environment_counts_until_the_command_line_speaks(void **state UNUSED)
{
	setenv("CLEWLINE_LOUD", "1", 1);
	setenv("CLEWLINE_OUTPUT", "json", 1);
	setenv("CLEWLINE_MAX_COUNT", "7", 1);
	setenv("CLEWLINE_RULES", "one:two", 1);
	setenv("SAMPLE_DATABASE", "here", 1);
	assert_int_equal(parse(&commands[0], "a"), 0);
	assert_true(conf.loud);
	assert_string_equal(conf.output, "json");
	assert_int_equal(conf.count, 7);
	assert_int_equal(conf.rules.count, 2);
	assert_string_equal(conf.rules.items[1], "two");
	assert_string_equal(conf.database, "here");
	assert_int_equal(parse(&commands[0], "a --output=text --max-count 8 -r three --rules=four"), 0);
	assert_string_equal(conf.output, "text");
	assert_int_equal(conf.count, 8);
	assert_int_equal(conf.rules.count, 2);
	assert_string_equal(conf.rules.items[0], "three");
	assert_string_equal(conf.rules.items[1], "four");
	setenv("CLEWLINE_LOUD", "0", 1);
	setenv("CLEWLINE_OUTPUT", "", 1);
	assert_int_equal(parse(&commands[0], "a"), 0);
	assert_false(conf.loud);
	assert_string_equal(conf.output, "text");
}

static void a_bad_variable_is_named(void **state UNUSED)
{
	static const struct opt ranged[] = {
		{ .name = "n", .type = OPT_NUMBER, .argument = "N", .help = "n", .max = 9, .env = "SAMPLE_DATABASE" },
		OPT_END,
	};
	const struct command command = { .name = "x", .opts = ranged };

	setenv("CLEWLINE_MAX_COUNT", "many", 1);
	assert_int_equal(parse(&commands[0], "a"), ERR_USAGE);
	assert_string_equal(err.message,
			    "environment variable CLEWLINE_MAX_COUNT: max-count is \"many\", but must be "
			    "a number from 1 to 10");
	setenv("SAMPLE_DATABASE", "10", 1);
	assert_int_equal(parse(&command, ""), ERR_USAGE);
	assert_string_equal(err.message,
			    "environment variable SAMPLE_DATABASE: n is \"10\", but must be a number from 0 to 9");
}

static void values_outside_their_range_are_refused(void **state UNUSED)
{
	static const char *const bad[] = { "--max-count=0",  "--max-count=11", "--max-count=",
					   "--max-count=3x", "--wait=soon",    "--max-count=99999999999999999999",
					   "--wait=-1s",     "--wait=" };

	assert_int_equal(parse(&commands[0], "a --max-count=1"), 0);
	assert_int_equal(parse(&commands[0], "a --max-count=10"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char line[80];

		snprintf(line, sizeof(line), "a %s", bad[i]);
		assert_int_equal(parse(&commands[0], line), ERR_USAGE);
		assert_non_null(strstr(err.message, bad[i][2] == 'm' ? "max-count" : "wait"));
	}
}

static void a_list_has_a_limit(void **state UNUSED)
{
	char value[2 * OPT_LIST_MAX + 8] = "";

	for (int i = 0; i < OPT_LIST_MAX; i++)
		strcat(value, i ? ":x" : "x");
	setenv("CLEWLINE_RULES", value, 1);
	assert_int_equal(parse(&commands[0], "a"), 0);
	assert_int_equal(conf.rules.count, OPT_LIST_MAX);
	strcat(value, ":x");
	setenv("CLEWLINE_RULES", value, 1);
	assert_int_equal(parse(&commands[0], "a"), ERR_USAGE);
}

static void missing_and_surplus_arguments_show_the_usage(void **state UNUSED)
{
	assert_int_equal(parse(&commands[0], ""), ERR_USAGE);
	assert_string_equal(err.message, "missing arguments; usage: sample things list [OPTION...] NAME...");
	assert_int_equal(parse(&commands[0], "a b"), 0);
	assert_int_equal(parse(&commands[0], "a b c"), ERR_USAGE);
	assert_memory_equal(err.message, "too many arguments", 18);
}

static void an_option_that_is_not_known_is_named(void **state UNUSED)
{
	static const struct {
		const char *line, *named;
	} rows[] = {
		{ "a --nope b", "\"--nope\"" },
		{ "--nope a", "\"--nope\"" },
		{ "a -o json --nope=3 c", "\"--nope=3\"" },
		{ "a --max-count", "\"--max-count\"" },
		{ "a --loud=x b", "\"--loud=x\"" },
		{ "a -z b", "\"-z\"" },
		{ "a -zl b", "\"-zl\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(&commands[0], rows[i].line), ERR_USAGE);
		assert_non_null(strstr(err.message, rows[i].named));
	}
}

static void options_may_stand_behind_arguments(void **state UNUSED)
{
	assert_int_equal(parse(&commands[0], "a -l b"), 0);
	assert_true(conf.loud);
	assert_int_equal(count, 2);
	assert_string_equal(words[1], "b");
	assert_int_equal(parse(&commands[0], "-- -l --nope"), 0);
	assert_false(conf.loud);
	assert_string_equal(words[0], "-l");
}

static void a_command_line_keeps_its_own_options(void **state UNUSED)
{
	static const char *const lines[] = { "-o json -- ls -l --output=x -- y", "-o json ls -l --output=x -- y" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(parse(&commands[1], lines[i]), 0);
		assert_string_equal(conf.output, "json");
		assert_false(conf.loud);
		assert_int_equal(count, 5);
		assert_string_equal(words[0], "ls");
		assert_string_equal(words[1], "-l");
		assert_string_equal(words[3], "--");
		assert_null(words[5]);
	}
	assert_int_equal(parse(&commands[1], "-o json --"), ERR_USAGE);
}

static void help_tells_every_option_with_default_and_variable(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	help_command(&program, &commands[0], out);
	fclose(out);
	assert_string_equal(text, "Usage: sample things list [OPTION...] NAME...\n\nlist things\n\n"
				  ".dots and 'quotes' at the start, \\ and - anywhere\n.like this\n\n"
				  "Options (the environment variable in brackets does the same):\n"
				  "  -l, --loud                say more [CLEWLINE_LOUD]\n"
				  "  -o, --output=FORMAT       text or json (default text) [CLEWLINE_OUTPUT]\n"
				  "      --max-count=N         how many (default 3) [CLEWLINE_MAX_COUNT]\n"
				  "      --wait=TIME           how long (default 15m) [CLEWLINE_WAIT]\n"
				  "  -r, --rules=FILE          rule files; may be repeated [CLEWLINE_RULES]\n"
				  "      --database=URL        another server [SAMPLE_DATABASE]\n"
				  "  -h, --help                print this help\n");
}

static void the_manual_escapes_what_roff_would_obey(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	help_manual(&program, out);
	fclose(out);
	assert_non_null(strstr(text, "\n\\&.dots and 'quotes' at the start, \\e and \\- anywhere\n\\&.like this\n"));
	assert_non_null(strstr(text, "\n.SS sample things list [OPTION...] NAME...\nlist things.\n"));
	assert_non_null(strstr(text, "\n.TP\n.B \\-o, \\-\\-output=FORMAT\ntext or json (default text). "
				     "Environment: CLEWLINE_OUTPUT.\n"));
	assert_non_null(strstr(text, "\n.TP\n.B 8\n"));
}

#define CASE(name) cmocka_unit_test_setup(name, forget_environment)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_nobody_says_has_its_default),
		CASE(the_environment_counts_until_the_command_line_speaks),
		CASE(a_bad_variable_is_named),
		CASE(values_outside_their_range_are_refused),
		CASE(a_list_has_a_limit),
		CASE(missing_and_surplus_arguments_show_the_usage),
		CASE(an_option_that_is_not_known_is_named),
		CASE(options_may_stand_behind_arguments),
		CASE(a_command_line_keeps_its_own_options),
		CASE(help_tells_every_option_with_default_and_variable),
		CASE(the_manual_escapes_what_roff_would_obey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
