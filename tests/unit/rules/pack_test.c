#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"
#include "rules/falco_output.h"
#include "detection/pack.h"

struct names {
	const struct ruleset *set;
	char text[1024];
};

static void name_add(void *context, size_t rule)
{
	struct names *names = context;
	struct rule_info info;

	ruleset_info(names->set, rule, &info);
	strcat(names->text, info.name);
	strcat(names->text, ";");
}

static struct ruleset *pack(void)
{
	struct ruleset *set = ruleset_new();
	struct err err;

	assert_non_null(set);
	assert_int_equal(rulepack_add(set, NULL, &err), 0);
	if (ruleset_compile(set, &err) < 0)
		fail_msg("%s", err.message);
	return set;
}

static void assert_fires(struct ruleset *set, const char *source, const char *type, const struct reader_row *rows,
			 const char *expected)
{
	struct field_reader reader = reader_make(rows);
	struct names names = { .set = set };

	ruleset_match(set, source, type, &reader, name_add, &names);
	assert_string_equal(names.text, expected);
}

static void the_pack_compiles_without_a_single_remark(void **state)
{
	struct ruleset *set = pack();
	const struct diagnostic *diagnostics;
	AUTO_STRBUF text = STRBUF_INIT;
	size_t count;

	(void)state;
	diagnostics = ruleset_diagnostics(set, &count);
	for (size_t i = 0; i < count; i++)
		diagnostic_format(&diagnostics[i], &text);
	assert_string_equal(text.data, "");
	assert_true(ruleset_count(set) > 25);
	ruleset_free(set);
}

#define TOUCH(result, path)                                                                                          \
	{                                                                                                            \
		{ "evt.is_open_write", "true" }, { "fd.typechar", "f" }, { "evt.rawres", result },                   \
			{ "fd.name", path }, { "proc.name", "touch" }, { "container.id", "abc" }, { NULL, NULL },    \
	}

static void touch_writes_and_does_not_modify(void **state)
{
	static const struct reader_row created[] = TOUCH("3", "/usr/bin/0a1b");
	static const struct reader_row failed[] = TOUCH("-13", "/usr/bin/0a1b");
	static const struct reader_row elsewhere[] = TOUCH("3", "/usr/binary/x");
	struct ruleset *set = pack();

	(void)state;
	assert_fires(set, "syscall", "openat", created, "Write below binary dir;");
	assert_fires(set, "syscall", "openat", failed, "");
	assert_fires(set, "syscall", "openat", elsewhere, "");
	ruleset_free(set);
}

#define DPKG(container)                                                                                              \
	{                                                                                                            \
		{ "evt.is_open_write", "true" }, { "fd.typechar", "f" }, { "evt.rawres", "3" },                      \
			{ "fd.name", "/usr/bin/curl.dpkg-new" }, { "proc.name", "dpkg" },                            \
			{ "container.id", container }, { NULL, NULL },                                               \
	}

static void installing_packages_is_ordinary_on_a_host_alone(void **state)
{
	static const struct reader_row on_host[] = DPKG("host"), in_container[] = DPKG("0123456789ab");
	struct ruleset *set = pack();

	(void)state;
	assert_fires(set, "syscall", "openat", on_host, "");
	assert_fires(set, "syscall", "openat", in_container, "Write below binary dir;");
	ruleset_free(set);
}

static void rename_and_unlink_modify_and_do_not_write(void **state)
{
	static const struct reader_row renamed[] = { { "evt.rawres", "0" },
						     { "fs.path.source", "/usr/bin/a" },
						     { "fs.path.target", "/tmp/b" },
						     { NULL, NULL } };
	static const struct reader_row removed[] = { { "evt.rawres", "0" },
						     { "fs.path.name", "/usr/bin/a" },
						     { NULL, NULL } };
	static const struct reader_row failed[] = { { "evt.rawres", "-2" },
						    { "fs.path.name", "/usr/bin/a" },
						    { NULL, NULL } };
	struct ruleset *set = pack();

	(void)state;
	assert_fires(set, "syscall", "renameat2", renamed, "Modify binary dirs;");
	assert_fires(set, "syscall", "unlinkat", removed, "Modify binary dirs;");
	assert_fires(set, "syscall", "unlink", failed, "");
	ruleset_free(set);
}

static void the_cloud_story_fires_its_three_rules(void **state)
{
	static const struct reader_row login[] = { { "ct.name", "ConsoleLogin" },
						   { "ct.src", "signin.amazonaws.com" },
						   { "ct.user.identitytype", "IAMUser" },
						   { "ct.user", "badlugo" },
						   { "json.value[/responseElements/ConsoleLogin]", "Success" },
						   { "json.value[/additionalEventData/MFAUsed]", "No" },
						   { NULL, NULL } };
	static const struct reader_row cluster[] = { { "ct.name", "DeleteCluster" },
						     { "ct.src", "ecs.amazonaws.com" },
						     { "ct.user.identitytype", "IAMUser" },
						     { NULL, NULL } };
	static const struct reader_row denied[] = { { "ct.name", "DeleteCluster" },
						    { "ct.src", "ecs.amazonaws.com" },
						    { "ct.error", "AccessDeniedException" },
						    { NULL, NULL } };
	static const struct reader_row trail[] = { { "ct.name", "DeleteTrail" },
						   { "ct.src", "cloudtrail.amazonaws.com" },
						   { NULL, NULL } };
	struct ruleset *set = pack();

	(void)state;
	assert_fires(set, "aws_cloudtrail", "ConsoleLogin", login, "Console login without MFA;");
	assert_fires(set, "aws_cloudtrail", "DeleteCluster", cluster, "ECS cluster deleted;");
	assert_fires(set, "aws_cloudtrail", "DeleteCluster", denied, "");
	assert_fires(set, "aws_cloudtrail", "DeleteTrail", trail, "CloudTrail trail deleted;");
	ruleset_free(set);
}

static void the_sensor_is_told_which_calls_matter(void **state)
{
	struct ruleset *set = pack();

	(void)state;
	assert_true(ruleset_wants(set, "syscall", "openat"));
	assert_true(ruleset_wants(set, "syscall", "execve"));
	assert_false(ruleset_wants(set, "syscall", "read"));
	assert_false(ruleset_wants(set, "syscall", "no such call"));
	assert_true(ruleset_wants(set, "aws_cloudtrail", "DeleteTrail"));
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pack_compiles_without_a_single_remark),
		cmocka_unit_test(touch_writes_and_does_not_modify),
		cmocka_unit_test(installing_packages_is_ordinary_on_a_host_alone),
		cmocka_unit_test(rename_and_unlink_modify_and_do_not_write),
		cmocka_unit_test(the_cloud_story_fires_its_three_rules),
		cmocka_unit_test(the_sensor_is_told_which_calls_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
