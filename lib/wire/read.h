/*
 * check.h: whether bytes are a well-formed message of a schema, said with byte and field, before they are unpacked.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "wire/frame.h"

/*
 * Refuses what protobuf-c would refuse without a place, and what no writer of ours makes: text with a NUL byte or
 * (where the schema says string) not UTF-8, a single message given twice, lists over their limit.
 * Errors: ERR_SYNTAX, ERR_LIMIT.
 */
int message_check(const struct message *message, const ProtobufCMessageDescriptor *schema, struct err *err);
