#include "conf/program.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "conf/help.h"
#include "text/escape.h"

#define OPTS_MAX  64
#define KEY_FIRST 1000 /* argp keys of long options: KEY_FIRST + row */

static int set_number(const struct opt *opt, const char *text, int64_t *value, struct err *err)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	if (errno || end == text || *end || *value < opt->min || *value > opt->max)
		return err_set(err, ERR_USAGE, "%s is \"%s\", but must be a number from %lld to %lld", opt->name,
			       text, (long long)opt->min, (long long)opt->max);
	return 0;
}

static int add_item(struct opt_list *list, const struct opt *opt, const char *text, struct err *err)
{
	if (list->count == OPT_LIST_MAX)
		return err_set(err, ERR_USAGE, "%s is given more than %d times", opt->name, OPT_LIST_MAX);
	list->items[list->count++] = text;
	return 0;
}

static int opt_set(const struct opt *opt, void *conf, const char *text, struct err *err)
{
	void *member = (char *)conf + opt->offset;

	switch (opt->type) {
	case OPT_FLAG:
		*(bool *)member = !text || (strcmp(text, "0") != 0 && *text);
		return 0;
	case OPT_TEXT:
		*(const char **)member = text;
		return 0;
	case OPT_NUMBER:
		return set_number(opt, text, member, err);
	case OPT_DURATION:
		if (duration_parse(text, member, err) < 0) {
			err_wrap(err, "%s", opt->name);
			err->code = ERR_USAGE;
			return ERR_USAGE;
		}
		return 0;
	case OPT_LIST:
		return add_item(member, opt, text, err);
	}
	return 0;
}

/* Items of a list from the environment point into a copy, which lives as long as the process, as argv does. */
struct env_copy {
	struct env_copy *next;
	char text[];
};

static struct env_copy *env_copies;

static int opt_set_list_from_env(const struct opt *opt, void *conf, const char *value, struct err *err)
{
	struct env_copy *copy = malloc(sizeof(*copy) + strlen(value) + 1);
	char *rest = NULL;

	if (!copy)
		return err_set(err, ERR_MEMORY, "out of memory");
	strcpy(copy->text, value);
	copy->next = env_copies;
	env_copies = copy;
	for (char *item = strtok_r(copy->text, ":", &rest); item; item = strtok_r(NULL, ":", &rest)) {
		if (opt_set(opt, conf, item, err) < 0)
			return err->code;
	}
	return 0;
}

static int opts_set_defaults(const struct opt *opts, void *conf, struct err *err)
{
	char name[ENV_NAME_MAX];

	for (const struct opt *opt = opts; opt && opt->name; opt++) {
		const char *env_name = opt_env_name(opt, name);
		const char *env = getenv(env_name);
		int code = 0;

		if (env && *env)
			code = opt->type == OPT_LIST ? opt_set_list_from_env(opt, conf, env, err)
						     : opt_set(opt, conf, env, err);
		else if (opt->fallback)
			code = opt_set(opt, conf, opt->fallback, err);
		if (code < 0)
			return env && *env ? err_wrap(err, "environment variable %s", env_name) : code;
	}
	return 0;
}

struct parse {
	const struct command *command;
	void *conf;
	struct err *err;
	char **args;
	int arg_count;
	const char *complained;	  /* word that argp did not understand */
	bool list_seen[OPTS_MAX]; /* the command line replaces, not extends, a list from the environment */
};

/* argp has gone past the word, unless letters are left in it. */
static const char *word_complained_of(const struct argp_state *state)
{
	const char *before = state->next > 0 ? state->argv[state->next - 1] : "";

	return *before != '-' && state->next < state->argc ? state->argv[state->next] : before;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct parse *parse = state->input;
	const struct opt *opts = parse->command->opts;

	if (key == ARGP_KEY_ERROR)
		parse->complained = word_complained_of(state);
	if (key == ARGP_KEY_ARG) {
		parse->args[parse->arg_count++] = text;
		if (!parse->command->takes_command_line)
			return 0;
		while (state->next < state->argc)
			parse->args[parse->arg_count++] = state->argv[state->next++];
		return 0;
	}
	for (int i = 0; opts && opts[i].name; i++) {
		if (key != KEY_FIRST + i && (!opts[i].letter || key != opts[i].letter))
			continue;
		if (opts[i].type == OPT_LIST && !parse->list_seen[i]) {
			((struct opt_list *)((char *)parse->conf + opts[i].offset))->count = 0;
			parse->list_seen[i] = true;
		}
		return opt_set(&opts[i], parse->conf, text, parse->err) < 0 ? EINVAL : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void argp_options(const struct opt *opts, struct argp_option out[OPTS_MAX])
{
	int count = 0;

	for (; opts && opts[count].name && count < OPTS_MAX - 1; count++) {
		out[count] = (struct argp_option){
			.name = opts[count].name,
			.key = opts[count].letter ? opts[count].letter : KEY_FIRST + count,
			.arg = opts[count].argument,
		};
	}
	out[count] = (struct argp_option){ 0 };
}

static int check_arg_count(const struct program *program, const struct command *command, int count, struct err *err)
{
	if (count >= command->args_min && (command->args_max < 0 || count <= command->args_max))
		return 0;
	return err_set(err, ERR_USAGE, "%s arguments; usage: %s%s%s [OPTION...] %s",
		       count < command->args_min ? "missing" : "too many", program->name, program->single ? "" : " ",
		       program->single ? "" : command->name, command->arguments ? command->arguments : "");
}

int program_parse(const struct program *program, const struct command *command, int argc, char **argv, void *conf,
		  int *ret_argc, struct err *err)
{
	struct argp_option options[OPTS_MAX];
	struct parse parse = { .command = command, .conf = conf, .err = err };
	struct argp argp = { .options = options, .parser = parse_option };
	unsigned int flags = ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_NO_ERRS;
	AUTO_FREE char **args = calloc((size_t)argc + 1, sizeof(*args));

	if (!args)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (opts_set_defaults(command->opts, conf, err) < 0)
		return err->code;
	err->message[0] = '\0';
	parse.args = args;
	argp_options(command->opts, options);
	if (command->takes_command_line)
		flags |= ARGP_IN_ORDER;
	if (argp_parse(&argp, argc, argv, flags, NULL, &parse) != 0) {
		if (err->message[0])
			return err->code;
		return err_set(err, ERR_USAGE, "unrecognized or incomplete option \"%s\"; try --help",
			       parse.complained ? parse.complained : "");
	}
	memcpy(argv, args, sizeof(*args) * (size_t)parse.arg_count);
	argv[parse.arg_count] = NULL;
	*ret_argc = parse.arg_count;
	return check_arg_count(program, command, parse.arg_count, err);
}

/* Words of the command's name found at the front of argv; 0 if it is another command. */
static int command_words(const struct command *command, int argc, char **argv)
{
	char two[128];

	if (argc > 1 && strcmp(command->name, argv[1]) == 0)
		return 1;
	if (argc > 2) {
		snprintf(two, sizeof(two), "%s %s", argv[1], argv[2]);
		if (strcmp(command->name, two) == 0)
			return 2;
	}
	return 0;
}

static const struct command *command_find(const struct program *program, int argc, char **argv, int *ret_words)
{
	for (const struct command *command = program->commands; command->name; command++) {
		*ret_words = program->single ? 0 : command_words(command, argc, argv);
		if (program->single || *ret_words)
			return command;
	}
	return NULL;
}

/* --help and -h count only before "--" and, where a command line follows, before its first word. */
static bool wants_help(const struct command *command, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
		if (command->takes_command_line && argv[i][0] != '-' && argv[i - 1][0] != '-')
			return false;
	}
	return false;
}

/* The message may quote a path or a name that somebody else chose. */
static void print_error(const struct program *program, const struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	AUTO_STRBUF hint = STRBUF_INIT;

	escape_adds_message(&message, err->message);
	escape_adds_message(&hint, err->hint);
	fprintf(stderr, "%s: %s\n", program->name, message.data);
	if (hint.length)
		fprintf(stderr, "Next:  %s\n", hint.data);
}

static int command_run(const struct program *program, const struct command *command, int argc, char **argv)
{
	AUTO_FREE void *conf = calloc(1, command->conf_size ? command->conf_size : 1);
	struct err err = { 0 };
	int code, exit_code = 0;

	if (wants_help(command, argc, argv)) {
		help_command(program, command, stdout);
		return 0;
	}
	code = program_parse(program, command, argc, argv, conf, &argc, &err);
	if (code == 0)
		code = command->run(conf, argc, argv, &exit_code, &err);
	if (code >= 0)
		return exit_code;
	if (err.message[0])
		print_error(program, &err);
	return exit_code ? exit_code : err_exit_code(code);
}

int program_main(const struct program *program, int argc, char **argv)
{
	const struct command *command;
	struct err err = { 0 };
	int words;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program->name, CLEWLINE_VERSION);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--manual") == 0) {
		help_manual(program, stdout);
		return 0;
	}
	command = command_find(program, argc, argv, &words);
	if (command)
		return command_run(program, command, argc - words, argv + words);
	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
		help_program(program, stdout);
		return 0;
	}
	if (argc > 1) {
		err_set(&err, ERR_USAGE, "unrecognized command \"%s\"; try %s --help", argv[1], program->name);
		print_error(program, &err);
	} else {
		help_program(program, stderr);
	}
	return err_exit_code(ERR_USAGE);
}
