/*
 * literal.h: constants of conditions, read as the type of the field that they are compared with.
 */
#pragma once

#include "model/value.h"
#include "rules/language/ast.h"

/*
 * Reads text as type. *ret_bits is the length of the prefix within 16 bytes, for NET. Returns NULL, or what is wrong.
 * TEXT borrows the text.
 */
const char *literal_read(enum value_type type, const struct ast_text *text, struct value *ret, uint8_t *ret_bits);

/* Bytes from hexadecimal text, in out (at least half as long). False if it is none. */
bool literal_bytes(const struct ast_text *text, char *out);
