#include "aws/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"

#define GLOBAL_HOST   "sts.amazonaws.com"
#define GLOBAL_REGION "us-east-1"

enum partition_id {
#define PARTITION(id, name, suffix) PARTITION_##id,
#define REGION(partition, name, fips)
#include "aws/endpoints.def"
#undef PARTITION
#undef REGION
};

static const struct {
	const char *name, *suffix;
} partitions[] = {
#define PARTITION(id, name, suffix) { name, suffix },
#define REGION(partition, name, fips)
#include "aws/endpoints.def"
#undef PARTITION
#undef REGION
};

static const struct {
	enum partition_id partition;
	const char *name;
	bool has_fips;
} regions[] = {
#define PARTITION(id, name, suffix)
#define REGION(partition, name, fips) { PARTITION_##partition, name, fips },
#include "aws/endpoints.def"
#undef PARTITION
#undef REGION
};

static void describe(size_t i, bool fips, struct sts_endpoint *ret)
{
	snprintf(ret->host, sizeof(ret->host), "%s.%s.%s", fips ? "sts-fips" : "sts", regions[i].name,
		 partitions[regions[i].partition].suffix);
	ret->region = regions[i].name;
	ret->partition = partitions[regions[i].partition].name;
}

int sts_endpoint(const char *region, bool fips, struct sts_endpoint *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		if (strcmp(regions[i].name, region) == 0) {
			describe(i, fips && regions[i].has_fips, ret);
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%.40s\" is no region of AWS with a known endpoint", region);
}

bool sts_endpoint_find(const char *host, struct sts_endpoint *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		for (int fips = 0; fips <= regions[i].has_fips; fips++) {
			describe(i, fips, ret);
			if (strcmp(ret->host, host) == 0)
				return true;
		}
	}
	if (strcmp(host, GLOBAL_HOST) != 0)
		return false;
	*ret = (struct sts_endpoint){ .host = GLOBAL_HOST,
				      .region = GLOBAL_REGION,
				      .partition = partitions[PARTITION_AWS].name };
	return true;
}

bool sts_partition_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++) {
		if (strcmp(partitions[i].name, name) == 0)
			return true;
	}
	return false;
}

bool sts_region(size_t i, const char **ret_name, bool *ret_fips)
{
	if (i >= ARRAY_SIZE(regions))
		return false;
	*ret_name = regions[i].name;
	*ret_fips = regions[i].has_fips;
	return true;
}
