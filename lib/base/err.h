/*
 * err.h: an error with a code for programs and one sentence for people.
 *
 * The caller owns a struct err on its stack. A function that can fail returns 0 (or a positive count) on
 * success and a negative enum err_code on failure, with the sentence set. Each level may add, in front, the
 * one thing it knows (err_wrap); the program prints the sentence once. Passing err == NULL is allowed.
 */
#pragma once

#include "base/attr.h"

#define ERR_MESSAGE_MAX 1024
#define ERR_HINT_MAX	256

/* code, number, exit code of a program that ends because of it (docs/exit-codes.md) */
#define ERR_CODES(X)                                                                                                 \
	X(FAILED, -1, 1, "failure")                                                                                  \
	X(USAGE, -2, 2, "usage, or a reference that means several things")                                           \
	X(MATCHED, -3, 3, "the condition asked for matched (gate, findings)")                                        \
	X(DENIED, -4, 4, "not allowed")                                                                              \
	X(NOT_FOUND, -5, 5, "not found")                                                                             \
	X(INCOMPLETE, -6, 6, "the answer is incomplete, and completeness was demanded")                              \
	X(APPROVAL, -7, 7, "an approval is missing")                                                                 \
	X(UNREACHABLE, -8, 8, "the server cannot be reached or is not ready, or a disk is full")                     \
	X(LIMIT, -9, 1, "a limit was exceeded")                                                                      \
	X(MEMORY, -10, 1, "out of memory")                                                                           \
	X(SYNTAX, -11, 1, "malformed input")                                                                         \
	X(AGAIN, -12, 8, "not now; trying again later may help")                                                     \
	X(FULL, -13, 8, "a disk, or somebody's share of it, is full")

enum err_code {
#define X(name, number, exit_code, text) ERR_##name = (number),
	ERR_CODES(X)
#undef X
};

struct err {
	enum err_code code;
	char message[ERR_MESSAGE_MAX]; /* truncated to fit, always terminated */
	char hint[ERR_HINT_MAX];       /* command that helps, for people at a terminal; "" for none */
};

/* Sets code and message; returns the code, so that `return err_set(...)` reads well. */
int err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Like err_set, and appends ": " and the text of errno. A failure for lack of room on a disk becomes ERR_FULL, whoever writes. */
int err_errno(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the message; keeps and returns the code. */
int err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sets the hint; err_set clears it, err_wrap keeps it. */
void err_hint(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Exit code for a (negative) error code; 0 for 0 and above. */
int err_exit_code(int code);
