/*
 * derive.h: the fields of a CloudTrail record that are more than the text at one path.
 */
#pragma once

#include "cloudrecord/fields.h"

/* Each writes *ret and returns true, or returns false where the record has no such value. */
bool derive_shortsrc(const struct fields *fields, struct value *ret);
bool derive_user(const struct fields *fields, struct value *ret);
bool derive_originaluser(const struct fields *fields, struct value *ret);
bool derive_accountid(const struct fields *fields, struct value *ret);
bool derive_info(const struct fields *fields, struct value *ret);
bool derive_plugininfo(const struct fields *fields, struct value *ret);
bool derive_resources(const struct fields *fields, struct value *ret);
bool derive_s3_uri(const struct fields *fields, struct value *ret);
bool derive_s3_bytes(const struct fields *fields, struct value *ret);
bool derive_s3_get(const struct fields *fields, struct value *ret);
bool derive_s3_put(const struct fields *fields, struct value *ret);
bool derive_s3_other(const struct fields *fields, struct value *ret);
bool derive_ec2_name(const struct fields *fields, struct value *ret);
bool derive_ec2_imageid(const struct fields *fields, struct value *ret);
bool derive_ec2_imageids(const struct fields *fields, struct value *ret);

/* A made text, copied to the arena; NULL gives false. */
bool derive_text(const struct fields *fields, const char *text, struct value *ret);
/* Any JSON value as text: a string is itself, the rest JSON. */
bool derive_json(const struct fields *fields, const json_t *json, struct value *ret);
