/*
 * detect.h: rules of the Falco language over CloudTrail records.
 */
#pragma once

#include "base/arena.h"
#include "cloudrecord/record.h"
#include "conf/command.h"
#include "detection/choice.h"

#define RECORD_ALERTS_MAX 256 /* of one record */

struct detect;

/* Paths of files and folders, borrowed as long as detect lives; none: the built-in ones. */
struct detect_conf {
	const struct opt_list *rules, *policies;
	const struct rule_choice *choice;
};

/*
 * Loads rules and policies and prints their diagnostics to standard error. Errors: ERR_SYNTAX when one is an error, and those
 * of reading the files.
 */
int detect_open(const struct detect_conf *conf, struct detect **ret, struct err *err);

/*
 * Reads everything again. From the next record on that counts, and the log says so; when something is wrong the log says what,
 * and the rules of before stay. Between two records only.
 */
void detect_renew(struct detect *detect);
void detect_close(struct detect *detect); /* accepts NULL */
void detect_close_pointer(struct detect **detect);

/* Alerts of every rule that holds on the record, in arena. Returns their number, or a negative code. */
int detect_record(struct detect *detect, const struct record *record, struct arena *arena, struct alert **ret,
		  struct err *err);

const char *detect_hostname(const struct detect *detect);

#define AUTO_DETECT CLEANUP(detect_close_pointer) struct detect *
