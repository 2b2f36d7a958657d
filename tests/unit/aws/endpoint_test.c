/* Hosts that may be asked who somebody is, and hosts that look like them. */
#include "aws/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void regions_and_back(void **state UNUSED)
{
	struct sts_endpoint made, found;
	const char *name;
	bool fips;
	size_t i;

	for (i = 0; sts_region(i, &name, &fips); i++) {
		assert_int_equal(sts_endpoint(name, fips, &made, NULL), 0);
		assert_true(sts_endpoint_find(made.host, &found));
		assert_string_equal(found.region, name);
		assert_string_equal(found.partition, made.partition);
	}
	assert_true(i > 30);
}

static void known(void **state UNUSED)
{
	static const struct {
		const char *region;
		bool fips;
		const char *host, *partition;
	} rows[] = {
		{ "eu-central-1", false, "sts.eu-central-1.amazonaws.com", "aws" },
		{ "us-east-1", true, "sts-fips.us-east-1.amazonaws.com", "aws" },
		{ "eu-west-1", true, "sts.eu-west-1.amazonaws.com", "aws" },
		{ "cn-north-1", false, "sts.cn-north-1.amazonaws.com.cn", "aws-cn" },
		{ "us-gov-west-1", false, "sts.us-gov-west-1.amazonaws.com", "aws-us-gov" },
	};
	struct sts_endpoint endpoint;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sts_endpoint(rows[i].region, rows[i].fips, &endpoint, NULL), 0);
		assert_string_equal(endpoint.host, rows[i].host);
		assert_string_equal(endpoint.partition, rows[i].partition);
	}
	assert_true(sts_endpoint_find("sts.amazonaws.com", &endpoint));
	assert_string_equal(endpoint.region, "us-east-1");
	assert_int_equal(sts_endpoint("mars-north-1", false, &endpoint, NULL), ERR_USAGE);
}

static void others(void **state UNUSED)
{
	static const char *const hosts[] = {
		"",
		"sts",
		"amazonaws.com",
		"sts.amazonaws.com.",
		"STS.amazonaws.com",
		"sts.amazonaws.com.cn",
		"sts.eu-central-1.amazonaws.com.cn",
		"sts.cn-north-1.amazonaws.com",
		"sts-fips.eu-central-1.amazonaws.com",
		"sts.mars-north-1.amazonaws.com",
		"sts.eu-central-1.amazonaws.com.example.org",
		"sts.eu-central-1.amazonaws.com:8443",
		"sts.eu-central-1.amazonaws.com/",
		"sts.eu-central-1.amazonaws.com@example.org",
		"x.sts.eu-central-1.amazonaws.com",
		"iam.amazonaws.com",
		"127.0.0.1",
		"169.254.169.254",
	};
	struct sts_endpoint endpoint;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		if (sts_endpoint_find(hosts[i], &endpoint))
			fail_msg("%s is taken", hosts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(regions_and_back), cmocka_unit_test(known),
					    cmocka_unit_test(others) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
