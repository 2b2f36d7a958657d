/*
 * command.h: the command and option tables of a program. Every option can also be given as environment variable CLEWLINE_ + its
 * name in capitals with "_" for "-"; the command line wins. Options are shared by name between programs, so one word means one
 * thing everywhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

#define OPT_LIST_MAX 64
#define ENV_NAME_MAX 80

enum opt_type {
	OPT_FLAG,     /* bool */
	OPT_TEXT,     /* const char *, borrowed from argv or the environment */
	OPT_NUMBER,   /* int64_t within min..max */
	OPT_DURATION, /* int64_t nanoseconds, written as 15m */
	OPT_LIST,     /* struct opt_list: may be repeated; in the environment separated by ":" */
};

struct opt_list {
	const char *items[OPT_LIST_MAX];
	size_t count;
};

/* One row: parser, help and manual read it. */
struct opt {
	const char *name; /* long name, NULL ends the table */
	char letter;	  /* short name, or 0 */
	enum opt_type type;
	size_t offset;	      /* of the member in the command's configuration struct */
	const char *argument; /* what the value is called in the help; NULL for flags */
	const char *fallback; /* default as it would be typed; NULL = zero */
	const char *help;
	int64_t min, max; /* OPT_NUMBER only */
	const char *env;  /* name of the environment variable, where it is not made from the long name */
};

#define OPT(conf, member, name_, letter_, type_, argument_, fallback_, help_)                                        \
	{                                                                                                            \
		.name = (name_), .letter = (letter_), .type = (type_), .offset = offsetof(struct conf, member),      \
		.argument = (argument_), .fallback = (fallback_), .help = (help_)                                    \
	}
#define OPT_RANGE(conf, member, name_, argument_, min_, max_, fallback_, help_)                                      \
	{                                                                                                            \
		.name = (name_), .type = OPT_NUMBER, .offset = offsetof(struct conf, member),                        \
		.argument = (argument_), .fallback = (fallback_), .help = (help_), .min = (min_), .max = (max_)      \
	}
#define OPT_END                                                                                                      \
	{                                                                                                            \
		.name = NULL                                                                                         \
	}

/* One row: dispatch, help and manual read it. */
struct command {
	const char *name;	 /* one or two words: "run", "alerts list"; NULL ends the table */
	const char *arguments;	 /* "REF", "PATH..."; NULL for none */
	const char *summary;	 /* one line, lower case, no full stop */
	const char *details;	 /* examples and notes for --help and the manual; may be NULL */
	const struct opt *opts;	 /* NULL for none */
	size_t conf_size;	 /* of the configuration struct, zeroed before defaults */
	int args_min, args_max;	 /* positional arguments; args_max -1 = any number */
	bool takes_command_line; /* stop reading options at the first argument */
	/* conf is filled; returns 0 or a negative error code with err set. ret_exit, when set above 0, is the exit code. */
	int (*run)(const void *conf, int argc, char **argv, int *ret_exit, struct err *err);
};

struct program {
	const char *name;
	const char *summary;
	const struct command *commands;
	bool single; /* the only command has no name on the command line */
};

/* Name of the option's environment variable; made in out where the option does not name one itself. */
const char *opt_env_name(const struct opt *opt, char out[ENV_NAME_MAX]);
