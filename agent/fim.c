/* secagent fim: the baseline of watched files: how they were when somebody said that they are right. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/fim/baseline.h"
#include "base/file.h"
#include "json/json.h"
#include "text/escape.h"

struct fim_conf {
	struct opt_list watch;
	const char *baseline, *root, *output;
};

#define FIM_OPTS(conf)                                                                                               \
	OPT(conf, baseline, "baseline", 'b', OPT_TEXT, "FILE", "baseline.jsonl",                                     \
	    "the file that keeps the baseline"),                                                                     \
		OPT(conf, root, "root", 0, OPT_TEXT, "DIR", "/",                                                     \
		    "root folder of the files, such as a container's or an unpacked image's"),                       \
		OPT(conf, watch, "watch", 0, OPT_LIST, "FILE", NULL,                                                 \
		    "sets of files to watch; may be repeated; default: the built-in ones")

static const struct opt fim_opts[] = { FIM_OPTS(fim_conf), OPT_END };
static const struct opt verify_opts[] = {
	FIM_OPTS(fim_conf),
	OPT(fim_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "text",
	    "text or json (a line of JSON per difference)"),
	OPT_END,
};

/* What each command needs. */
struct fim_run {
	const struct fim_conf *conf;
	struct watch_sets *sets;
	struct baseline *kept, *now;
	int root;
	size_t differences;
	bool is_json;
};

static int run_open(struct fim_run *run, const struct fim_conf *conf, bool wants_kept, struct err *err)
{
	*run = (struct fim_run){ .conf = conf, .root = -1 };
	if (watch_sets_load(conf->watch.items, conf->watch.count, &run->sets, err) < 0)
		return err->code;
	run->root = open(conf->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->root < 0)
		return err_errno(err, ERR_NOT_FOUND, "could not open \"%s\"", conf->root);
	return wants_kept ? baseline_load(conf->baseline, &run->kept, err) : 0;
}

static int run_scan(struct fim_run *run, struct err *err)
{
	run->now = baseline_new();
	return run->now ? baseline_scan(run->now, run->root, run->sets, err)
			: err_set(err, ERR_MEMORY, "out of memory");
}

static void run_close(struct fim_run *run)
{
	baseline_free(run->kept);
	baseline_free(run->now);
	watch_sets_free(run->sets);
	close_fd(&run->root);
}

static int fim_baseline_main(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED,
			     struct err *err)
{
	struct fim_run run;
	int code = run_open(&run, conf, false, err);

	if (code == 0)
		code = run_scan(&run, err);
	if (code == 0)
		code = baseline_save(run.now, run.conf->baseline, err);
	if (code == 0)
		printf("%zu files below \"%s\" are approved in \"%s\"\n", baseline_count(run.now), run.conf->root,
		       run.conf->baseline);
	run_close(&run);
	return code;
}

static void print_text(enum baseline_change change, const struct baseline_entry *was,
		       const struct baseline_entry *now)
{
	AUTO_STRBUF line = STRBUF_INIT;

	strbuf_addf(&line, "%-8s ", baseline_change_name(change));
	escape_adds(&line, was ? was->path : now->path);
	if (change == BASELINE_CONTENT)
		strbuf_addf(&line, "  %.12s -> %.12s, %lld -> %lld bytes", was->sha256, now->sha256,
			    (long long)was->size, (long long)now->size);
	if (change == BASELINE_RIGHTS)
		strbuf_addf(&line, "  %04o %u:%u -> %04o %u:%u", was->mode, was->uid, was->gid, now->mode, now->uid,
			    now->gid);
	puts(line.data);
}

static json_t *entry_json(const struct baseline_entry *entry)
{
	json_t *json = json_object();

	if (entry->sha256[0])
		json_set_text(json, "sha256", entry->sha256);
	json_object_set_new(json, "size", json_integer(entry->size));
	json_object_set_new(json, "mode", json_integer(entry->mode));
	json_object_set_new(json, "uid", json_integer(entry->uid));
	json_object_set_new(json, "gid", json_integer(entry->gid));
	return json;
}

static void print_json(enum baseline_change change, const struct baseline_entry *was,
		       const struct baseline_entry *now)
{
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_JSON json = json_object();

	json_set_text(json, "path", was ? was->path : now->path);
	json_set_text(json, "change", baseline_change_name(change));
	if (was)
		json_object_set_new(json, "was", entry_json(was));
	if (now)
		json_object_set_new(json, "now", entry_json(now));
	if (json_print(json, JSON_COMPACT, &line, NULL) == 0)
		fputs(line.data, stdout);
}

static void print_difference(void *context, enum baseline_change change, const struct baseline_entry *was,
			     const struct baseline_entry *now)
{
	struct fim_run *run = context;

	run->differences++;
	if (run->is_json)
		print_json(change, was, now);
	else
		print_text(change, was, now);
}

static int fim_verify_main(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct fim_conf *fim_conf = conf;
	struct fim_run run;
	int code;

	if (strcmp(fim_conf->output, "text") != 0 && strcmp(fim_conf->output, "json") != 0)
		return err_set(err, ERR_USAGE, "output is \"%s\", but must be text or json", fim_conf->output);
	code = run_open(&run, fim_conf, true, err);
	run.is_json = strcmp(fim_conf->output, "json") == 0;
	if (code == 0)
		code = run_scan(&run, err);
	if (code == 0) {
		baseline_diff(run.kept, run.now, print_difference, &run);
		if (run.differences)
			*ret_exit = err_exit_code(ERR_MATCHED);
		else if (!run.is_json)
			printf("%zu files are as approved\n", baseline_count(run.now));
	}
	run_close(&run);
	return code;
}

static int approve(struct fim_run *run, const char *path, struct err *err)
{
	struct content content;

	if (*path != '/')
		return err_set(err, ERR_USAGE, "\"%s\" is not an absolute path", path);
	if (!watch_sets_find(run->sets, path))
		return err_set(err, ERR_USAGE, "\"%s\" is in no set of files that are watched", path);
	content_read(run->root, path, false, &content);
	if (!content.exists && !baseline_find(run->kept, path))
		return err_set(err, ERR_NOT_FOUND, "there is no file \"%s\", and there was none", path);
	return baseline_set(run->kept, path, &content) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int fim_approve_main(const void *conf, int argc, char **argv, int *ret_exit UNUSED, struct err *err)
{
	struct fim_run run;
	int code = run_open(&run, conf, true, err);

	for (int i = 0; i < argc && code == 0; i++)
		code = approve(&run, argv[i], err);
	if (code == 0)
		code = baseline_save(run.kept, run.conf->baseline, err);
	run_close(&run);
	return code;
}

const struct command command_fim_baseline = {
	.name = "fim baseline",
	.summary = "take down how the watched files are now, and call that right",
	.details = "Hashes, sizes, modes and owners of all files of the sets. The agent compares changes with it "
		   "(--baseline).\n\n"
		   "  secagent fim baseline -b baseline.jsonl\n"
		   "  secagent fim baseline --root /srv/image -b image.jsonl",
	.opts = fim_opts,
	.conf_size = sizeof(struct fim_conf),
	.run = fim_baseline_main,
};

const struct command command_fim_verify = {
	.name = "fim verify",
	.summary = "show what is different from the baseline",
	.details = "The exit code is 3 if something is.",
	.opts = verify_opts,
	.conf_size = sizeof(struct fim_conf),
	.run = fim_verify_main,
};

const struct command command_fim_approve = {
	.name = "fim approve",
	.arguments = "PATH...",
	.summary = "take files as they are now into the baseline",
	.details = "A file that is gone is taken out. Either all paths are taken over, or none.",
	.opts = fim_opts,
	.conf_size = sizeof(struct fim_conf),
	.args_min = 1,
	.args_max = -1,
	.run = fim_approve_main,
};
