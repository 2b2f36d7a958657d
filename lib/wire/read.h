/*
 * read.h: messages of the schema from their bytes, in one pass that checks as it goes.
 *
 * Takes the place of protobuf-c's unpacking: the same structs come out, generated from the same schema, but what is wrong is said with
 * byte and field, and nothing is looked at twice.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/frame.h"

/*
 * *ret is the schema's struct; it and all that it points at live in arena, and texts and bytes have a NUL behind their end. Refuses what no
 * writer of ours makes: text with a NUL byte or (where the schema says string) not UTF-8, a single message given twice, lists over
 * their limit. Unknown fields are passed over. Errors: ERR_SYNTAX, ERR_LIMIT.
 */
int message_read(const struct message *message, const ProtobufCMessageDescriptor *schema, struct arena *arena,
		 void **ret, struct err *err);
