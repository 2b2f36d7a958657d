/*
 * detect.h: rules of the Falco language over CloudTrail records.
 */
#pragma once

#include "base/arena.h"
#include "cloudrecord/record.h"
#include "conf/program.h"

#define RECORD_ALERTS_MAX 256 /* of one record */

struct detect;

/*
 * Loads the rule files (none: the built-in ones) and prints their diagnostics to standard error. Errors: ERR_SYNTAX when one is
 * an error, and those of reading the files.
 */
int detect_open(const struct opt_list *rules, struct detect **ret, struct err *err);
void detect_close(struct detect *detect); /* accepts NULL */
void detect_close_pointer(struct detect **detect);

/* Alerts of every rule that holds on the record, in arena. Returns their number, or a negative code. */
int detect_record(struct detect *detect, const struct record *record, struct arena *arena, struct alert **ret,
		  struct err *err);

const char *detect_hostname(const struct detect *detect);

#define AUTO_DETECT CLEANUP(detect_close_pointer) struct detect *
