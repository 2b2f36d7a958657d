#include "cloudtrail/read.h"

#include <stdio.h>
#include <string.h>

#include "cloudtrail/detect.h"
#include "cloudtrail/source/reader.h"
#include "rules/falco_output.h"

#define ALERT_ARENA_MAX (32u << 20)

struct read_conf {
	const char *output;
	struct opt_list rules, policies;
	struct rule_choice choice;
};

static const struct opt read_opts[] = {
	OPT(read_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "jsonl",
	    "jsonl (the redacted record, one a line) or text"),
	OPT(read_conf, rules, "rules", 'r', OPT_LIST, "RULES", NULL,
	    "rule file or folder in the Falco language; adds the alerts behind each record; may be repeated"),
	OPT(read_conf, policies, "policy", 0, OPT_LIST, "POLICIES", NULL,
	    "policy file or folder: only rules in a policy count, where its scope says; adds the alerts, too"),
	RULE_CHOICE_OPTS(read_conf, choice),
	OPT_END,
};

struct read_state {
	bool text;
	struct detect *detect; /* NULL without rules */
	struct arena arena;    /* of one record's alerts */
	struct strbuf line;
};

static int write_out(struct strbuf *line, struct err *err)
{
	if (line->failed)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (fwrite(line->data, 1, line->length, stdout) != line->length)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	strbuf_clear(line);
	return 0;
}

static int add_alerts(struct read_state *state, const struct record *record, struct err *err)
{
	struct alert *alerts;
	int count;

	arena_reset(&state->arena);
	count = detect_record(state->detect, record, &state->arena, &alerts, err);
	for (int i = 0; i < count; i++) {
		if (state->text)
			falco_text_line(&alerts[i], record->time_ns, &state->line);
		else if (falco_json_line(&alerts[i], record->time_ns, detect_hostname(state->detect), &state->line,
					 err) < 0)
			return err->code;
	}
	return count < 0 ? count : 0;
}

static int print_record(void *context, const struct record *record, struct err *err)
{
	struct read_state *state = context;

	if (state->text)
		record_text_line(record, &state->line);
	else if (record_json_line(record, &state->line, err) < 0)
		return ERR_MEMORY;
	if (state->detect && add_alerts(state, record, err) < 0)
		return err->code;
	return write_out(&state->line, err);
}

static void print_problem(void *context, const char *line)
{
	(void)context;
	fflush(stdout);
	fprintf(stderr, "%s\n", line);
}

static void print_counts(const struct reader_counts *counts)
{
	fprintf(stderr,
		"%llu records from %llu files; left out: %llu duplicates, %llu digest files, %llu insight files, "
		"%llu other files; problems: %llu\n",
		(unsigned long long)counts->records, (unsigned long long)counts->walk.files,
		(unsigned long long)counts->duplicates, (unsigned long long)(counts->walk.digests + counts->digests),
		(unsigned long long)counts->walk.insights, (unsigned long long)counts->walk.others,
		(unsigned long long)counts->problems);
}

static int read_run(const void *conf_, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct read_conf *conf = conf_;
	struct read_state state = { .text = strcmp(conf->output, "text") == 0, .line = STRBUF_INIT };
	struct reader_sink sink = { .record = print_record, .problem = print_problem, .context = &state };
	AUTO_READER reader = NULL;
	const struct detect_conf detect = { &conf->rules, &conf->policies, &conf->choice };
	int code;

	(void)argc;
	if (!state.text && strcmp(conf->output, "jsonl") != 0)
		return err_set(err, ERR_USAGE, "output is \"%s\", but must be jsonl or text", conf->output);
	if (((conf->rules.count || conf->policies.count) && detect_open(&detect, &state.detect, err) < 0) ||
	    reader_open(&sink, &reader, err) < 0)
		return err->code;
	arena_init(&state.arena, ALERT_ARENA_MAX);
	code = reader_paths(reader, argv, err);
	strbuf_fini(&state.line);
	arena_fini(&state.arena);
	detect_close(state.detect);
	if (code < 0)
		return code;
	if (fflush(stdout) != 0)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	print_counts(reader_counts(reader));
	if (reader_counts(reader)->problems)
		*ret_exit = err_exit_code(reader_counts(reader)->not_found == reader_counts(reader)->problems
						  ? ERR_NOT_FOUND
						  : ERR_FAILED);
	return 0;
}

const struct command read_command = {
	.name = "read",
	.arguments = "PATH...",
	.summary = "print the records of CloudTrail files, each once",
	.details = "PATH is a file or a folder, such as a copy of a trail's bucket. Gzip is recognised by content. "
		   "Secrets are\n"
		   "replaced by [redacted]. What cannot be read is one line on standard error with its place, and "
		   "the exit code is\n"
		   "1 (5 if the only problem is a PATH that does not exist); everything else is read all the same.",
	.opts = read_opts,
	.conf_size = sizeof(struct read_conf),
	.args_min = 1,
	.args_max = -1,
	.run = read_run,
};
