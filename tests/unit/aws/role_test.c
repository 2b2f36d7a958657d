/* ARNs of roles, and of what is none. */
#include "aws/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void roles(void **state UNUSED)
{
	static const struct {
		const char *arn, *partition, *account, *name, *session, *written;
	} rows[] = {
		{ "arn:aws:iam::111122223333:role/web", "aws", "111122223333", "web", "", NULL },
		{ "arn:aws:iam::111122223333:role/service/eu/web-1", "aws", "111122223333", "web-1", "",
		  "arn:aws:iam::111122223333:role/web-1" },
		{ "arn:aws:sts::111122223333:assumed-role/web/f8ae635548f7a98a29c64d879089e04f", "aws",
		  "111122223333", "web", "f8ae635548f7a98a29c64d879089e04f", NULL },
		{ "arn:aws-cn:sts::111122223333:assumed-role/w_e+b=,.@-/a@b", "aws-cn", "111122223333", "w_e+b=,.@-",
		  "a@b", NULL },
	};
	char out[AWS_ARN_MAX];
	struct aws_role role;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(aws_role_parse(rows[i].arn, &role, NULL), 0);
		assert_string_equal(role.partition, rows[i].partition);
		assert_string_equal(role.account, rows[i].account);
		assert_string_equal(role.name, rows[i].name);
		assert_string_equal(role.session, rows[i].session);
		assert_string_equal(aws_role_format(&role, out), rows[i].written ? rows[i].written : rows[i].arn);
	}
}

static void no_roles(void **state UNUSED)
{
	static const char *const arns[] = {
		"",
		"arn",
		"arn:aws:iam::111122223333",
		"arn:aws:iam::111122223333:root",
		"arn:aws:iam::111122223333:user/web",
		"arn:aws:iam::111122223333:role/",
		"arn:aws:iam::111122223333:role/web/",
		"arn:aws:iam::111122223333:role",
		"arn:aws:iam::11112222333:role/web",
		"arn:aws:iam::1111222233334:role/web",
		"arn:aws:iam::11112222333a:role/web",
		"arn:aws:iam:eu-west-1:111122223333:role/web",
		"arn:aws:s3::111122223333:role/web",
		"arn:mars:iam::111122223333:role/web",
		"arn::iam::111122223333:role/web",
		"arn:aws:iam::111122223333:role/we b",
		"arn:aws:iam::111122223333:role/w:b",
		"arn:aws:sts::111122223333:assumed-role/web",
		"arn:aws:sts::111122223333:assumed-role/web/",
		"arn:aws:sts::111122223333:assumed-role//x",
		"arn:aws:sts::111122223333:assumed-role/web/x/y",
		"arn:aws:sts::111122223333:federated-user/web",
		"arn:aws:sts::111122223333:role/web",
		"arn:aws:iam::111122223333:assumed-role/web/x",
		"arn:aws:iam::111122223333:role/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct aws_role role;

	for (size_t i = 0; i < ARRAY_SIZE(arns); i++) {
		if (aws_role_parse(arns[i], &role, NULL) == 0)
			fail_msg("%s is taken", arns[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(roles), cmocka_unit_test(no_roles) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
