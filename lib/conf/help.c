#include "conf/help.h"

#include <string.h>

#define HELP_COLUMN 28

static void print_usage(const struct program *program, const struct command *command, FILE *out)
{
	fprintf(out, "%s", program->name);
	if (!program->single)
		fprintf(out, " %s", command->name);
	if (command->opts)
		fprintf(out, " [OPTION...]");
	if (command->arguments)
		fprintf(out, " %s", command->arguments);
}

static void print_opt(const struct opt *opt, FILE *out)
{
	char env[ENV_NAME_MAX], head[128];
	int used;

	used = snprintf(head, sizeof(head), "  %c%c%s --%s%s%s", opt->letter ? '-' : ' ',
			opt->letter ? opt->letter : ' ', opt->letter ? "," : " ", opt->name, opt->argument ? "=" : "",
			opt->argument ? opt->argument : "");
	fprintf(out, "%s%*s%s", head, used < HELP_COLUMN ? HELP_COLUMN - used : 1, "", opt->help);
	if (opt->fallback)
		fprintf(out, " (default %s)", opt->fallback);
	fprintf(out, " [%s]\n", opt_env_name(opt, env));
}

void help_command(const struct program *program, const struct command *command, FILE *out)
{
	fprintf(out, "Usage: ");
	print_usage(program, command, out);
	fprintf(out, "\n\n%s\n", command->summary);
	if (command->details)
		fprintf(out, "\n%s\n", command->details);
	fprintf(out, "\nOptions (the environment variable in brackets does the same):\n");
	for (const struct opt *opt = command->opts; opt && opt->name; opt++)
		print_opt(opt, out);
	fprintf(out, "  -h, --help%*sprint this help\n", HELP_COLUMN - 12, "");
	if (program->single)
		fprintf(out, "      --version%*sprint the version\n", HELP_COLUMN - 15, "");
}

void help_program(const struct program *program, FILE *out)
{
	if (program->single) {
		help_command(program, program->commands, out);
		return;
	}
	fprintf(out, "Usage: %s COMMAND [OPTION...]\n\n%s\n\nCommands:\n", program->name, program->summary);
	for (const struct command *command = program->commands; command->name; command++)
		fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2, command->name, command->summary);
	fprintf(out, "\n%s COMMAND --help describes one command; %s --version prints the version.\n", program->name,
		program->name);
}

/* A full stop or apostrophe at the start of a line, and every backslash, means something to roff. */
static void print_roff(const char *text, FILE *out)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fprintf(out, "\\&");
		if (*text == '\\')
			fprintf(out, "\\e");
		else if (*text == '-')
			fprintf(out, "\\-");
		else
			fputc(*text, out);
		line_start = *text == '\n';
	}
}

static void manual_opt(const struct opt *opt, FILE *out)
{
	char env[ENV_NAME_MAX];

	fprintf(out, ".TP\n.B ");
	if (opt->letter)
		fprintf(out, "\\-%c, ", opt->letter);
	fprintf(out, "\\-\\-");
	print_roff(opt->name, out);
	if (opt->argument)
		fprintf(out, "=%s", opt->argument);
	fputc('\n', out);
	print_roff(opt->help, out);
	if (opt->fallback) {
		fprintf(out, " (default ");
		print_roff(opt->fallback, out);
		fputc(')', out);
	}
	fprintf(out, ". Environment: %s.\n", opt_env_name(opt, env));
}

static void manual_command(const struct program *program, const struct command *command, FILE *out)
{
	fprintf(out, ".SS ");
	print_usage(program, command, out);
	fputc('\n', out);
	print_roff(command->summary, out);
	fprintf(out, ".\n");
	if (command->details) {
		fprintf(out, ".PP\n.nf\n");
		print_roff(command->details, out);
		fprintf(out, "\n.fi\n");
	}
	for (const struct opt *opt = command->opts; opt && opt->name; opt++)
		manual_opt(opt, out);
}

void help_manual(const struct program *program, FILE *out)
{
	static const struct {
		int exit_code;
		const char *text;
	} rows[] = {
#define X(name, number, exit_code, text) { exit_code, text },
		ERR_CODES(X)
#undef X
	};
	int previous = 1;

	fprintf(out, ".TH %s 1 \"\" \"Clewline %s\" \"Clewline\"\n.SH NAME\n%s \\- ", program->name, CLEWLINE_VERSION,
		program->name);
	print_roff(program->summary, out);
	fprintf(out, "\n.SH COMMANDS\n");
	for (const struct command *command = program->commands; command->name; command++)
		manual_command(program, command, out);
	fprintf(out, ".SH EXIT STATUS\n.TP\n.B 0\nok\n");
	/* The table is sorted by exit code, the internal codes that end as one of those come last. */
	for (size_t i = 0; i < ARRAY_SIZE(rows) && rows[i].exit_code >= previous; i++) {
		previous = rows[i].exit_code;
		if (previous > 1)
			fprintf(out, ".TP\n.B %d\n%s\n", previous, rows[i].text);
	}
	fprintf(out, ".TP\n.B 1\nany other failure\n");
}
