/* Whom credentials are taken from. */
#include "aws/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/credentials.h"
#include "base/attr.h"
#include "base/file.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL	 "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN	 "AWS_CONTAINER_AUTHORIZATION_TOKEN"

static void clear(void)
{
	static const char *const names[] = {
		RELATIVE,	    FULL, TOKEN, TOKEN "_FILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

static int find(const char *name, const char *value, char out[128])
{
	struct container_source source = { 0 };
	int code;

	clear();
	setenv(name, value, 1);
	code = container_source_find(&source, NULL);
	strcpy(out, code == 0 ? source.url.data : "");
	container_source_fini(&source);
	return code;
}

static void addresses(void **state UNUSED)
{
	static const char *const good[] = { "http://127.0.0.1/x",
					    "http://127.1.2.3:8080/x?y=z",
					    "http://[::1]:99/x",
					    "http://169.254.170.2/x",
					    "http://169.254.170.23/v1/credentials",
					    "http://[fd00:ec2::23]/v1/credentials" };
	static const char *const bad[] = { "https://127.0.0.1/x",
					   "http://localhost/x",
					   "http://169.254.169.254/latest",
					   "http://10.0.0.1/x",
					   "http://example.org/x",
					   "http://127.0.0.1.example.org/x",
					   "http://127.0.0.1@example.org/x",
					   "http://127.0.0.1:80@example.org/x",
					   "http://[::1].example.org/x",
					   "http://[::1",
					   "http://127.1/x",
					   "http:///x",
					   "http://127.0.0.1/x y",
					   "http://127.0.0.1/x\r\nHost: y",
					   "127.0.0.1/x",
					   "ftp://127.0.0.1/x" };
	char url[128];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(find(FULL, good[i], url), 0);
		assert_string_equal(url, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (find(FULL, bad[i], url) != ERR_USAGE)
			fail_msg("%s is taken", bad[i]);
	}
	assert_int_equal(find(RELATIVE, "/v2/credentials/1-2", url), 0);
	assert_string_equal(url, "http://169.254.170.2/v2/credentials/1-2");
	assert_int_equal(find(RELATIVE, "@example.org/x", url), ERR_USAGE);
	assert_int_equal(find(RELATIVE, ".example.org/x", url), ERR_USAGE);
}

static void tokens(void **state UNUSED)
{
	char path[] = "/tmp/clewline-token.XXXXXX";
	struct container_source source = { 0 };

	clear();
	setenv(FULL, "http://127.0.0.1/x", 1);
	setenv(TOKEN, "Basic abc", 1);
	assert_int_equal(container_source_find(&source, NULL), 0);
	assert_string_equal(source.authorization.data, "Basic abc");
	container_source_fini(&source);
	close(mkstemp(path));
	assert_int_equal(file_write_atomic(path, "from-file\n", 10, 0600, NULL), 0);
	setenv(TOKEN "_FILE", path, 1);
	assert_int_equal(container_source_find(&source, NULL), 0);
	assert_string_equal(source.authorization.data, "from-file");
	container_source_fini(&source);
	unlink(path);
	assert_true(container_source_find(&source, NULL) < 0);
	container_source_fini(&source);
	unsetenv(TOKEN "_FILE");
	setenv(TOKEN, "a\r\nb", 1);
	assert_int_equal(container_source_find(&source, NULL), ERR_FAILED);
	container_source_fini(&source);
}

static void keys(void **state UNUSED)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{\"AccessKeyId\": \"AKID\"}",
		"{\"AccessKeyId\": \"AKID\", \"SecretAccessKey\": 7}",
		"{\"AccessKeyId\": \"AK ID\", \"SecretAccessKey\": \"s\"}",
		"{\"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"s\", \"Token\": \"a\\r\\nb\"}",
	};
	const char *good =
		"{\"RoleArn\": \"x\", \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"a/b+c=\", \"Token\": \"t\"}";
	struct aws_credentials credentials;
	struct err err;

	assert_int_equal(aws_credentials_parse(good, strlen(good), &credentials, NULL), 0);
	assert_string_equal(credentials.access_key, "AKID");
	assert_string_equal(credentials.secret_key, "a/b+c=");
	assert_string_equal(credentials.session_token, "t");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(aws_credentials_parse(wrong[i], strlen(wrong[i]), &credentials, NULL), ERR_SYNTAX);
	clear();
	assert_int_equal(aws_credentials_find(&credentials, NULL), ERR_NOT_FOUND);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	assert_int_equal(aws_credentials_find(&credentials, &err), ERR_SYNTAX);
	setenv("AWS_SECRET_ACCESS_KEY", "very secret", 1);
	assert_int_equal(aws_credentials_find(&credentials, &err), ERR_SYNTAX);
	assert_null(strstr(err.message, "very"));
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	assert_int_equal(aws_credentials_find(&credentials, NULL), 0);
	assert_string_equal(credentials.session_token, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(addresses), cmocka_unit_test(tokens),
					    cmocka_unit_test(keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
