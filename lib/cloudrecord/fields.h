/*
 * fields.h: a CloudTrail record as the rules' fields: ct.*, s3.*, ec2.*, ecr.*, iam.*, json.value and evt.*.
 *
 * A plain field is the text at its path; a value there that is no text (null too) counts as present and empty, as in Falco's plugin.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "cloudrecord/record.h"
#include "model/field.h"

#define CLOUDTRAIL_SOURCE "aws_cloudtrail"

struct fields {
	const struct record *record;
	struct arena *arena; /* for values that are made; lives as long as the record is looked at */
	uint64_t number;     /* of the record, from 1 */
	const char *hostname;
};

/* The read() of a struct field_reader; context is a struct fields. */
bool fields_read(const void *context, enum field field, const char *argument, struct value *ret);

/* A reader over fields, which must live as long. */
struct field_reader fields_reader(const struct fields *fields);
