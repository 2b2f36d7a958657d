/*
 * collector.h: the collector as a whole: what it starts, in which order, and how it ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct collector_conf {
	const char *state;
	const char *intake;
	const char *api;
	const char *api_token_file;
	const char *user;
	const char *archive;
	int64_t certificate_life_ns;
	const char *sts_address;
	const char *sts_trust_file;
	bool new_authority;
	bool routes;
};

/* Runs until told to stop by a signal. Errors: as the parts say; all that was started is stopped again. */
int collector_run(const struct collector_conf *conf, struct err *err);
