/*
 * endpoint.h: where AWS answers who somebody is (STS): the hosts there are, and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define STS_HOST_MAX 64

struct sts_endpoint {
	char host[STS_HOST_MAX];
	const char *region;    /* that requests to it are signed for */
	const char *partition; /* of the ARNs in its answers */
};

/* The endpoint of a region. fips: the one with validated cryptography, where there is one. Errors: ERR_USAGE. */
int sts_endpoint(const char *region, bool fips, struct sts_endpoint *ret, struct err *err);

/* Whether a host is an endpoint: of a region, or sts.amazonaws.com. */
bool sts_endpoint_find(const char *host, struct sts_endpoint *ret);

/* Whether a partition is one of those whose endpoints are known. */
bool sts_partition_known(const char *name);

/* The i-th of the table, for tests; false behind the last. */
bool sts_region(size_t i, const char **ret_name, bool *ret_fips);
