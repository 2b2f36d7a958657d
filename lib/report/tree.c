#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "report/parts.h"
#include "text/escape.h"

struct branch {
	struct report *report;
	struct strbuf prefix; /* what stands in front of every line of this subtree */
	int depth;
};

/* As one would type it: quoted where blanks or nothing would be misread. */
static void add_argument(const struct page *page, struct strbuf *line, const char *argument)
{
	bool is_quoted = !*argument || strpbrk(argument, " '\"");

	if (line->length)
		strbuf_addc(line, ' ');
	if (is_quoted)
		strbuf_addc(line, '\'');
	page_escape(page, line, argument);
	if (is_quoted)
		strbuf_addc(line, '\'');
}

static void add_command(const struct page *page, struct strbuf *line, const json_t *process)
{
	const json_t *argument;
	size_t i;

	json_array_foreach (json_object_get(process, "args"), i, argument) {
		if (json_is_string(argument))
			add_argument(page, line, json_string_value(argument));
	}
	if (!line->length)
		page_escape(page, line, json_text(process, "name") ? json_text(process, "name") : "?");
}

static void add_identity(const struct report *report, struct strbuf *line, const json_t *process)
{
	const char *dot = page_glyph(&report->page, GLYPH_DOT);
	const json_t *exec = json_object_get(process, "exec_id"), *pid = json_object_get(process, "pid"),
		     *uid = json_object_get(process, "uid");

	strbuf_adds(line, "  ");
	if (json_is_integer(pid))
		strbuf_addf(line, "pid %lld", (long long)json_integer_value(pid));
	if (json_is_integer(exec) && report->page.style.is_all)
		strbuf_addf(line, "%sexec %lld", dot, (long long)json_integer_value(exec));
	if (json_is_integer(uid))
		strbuf_addf(line, "%suid %lld", dot, (long long)json_integer_value(uid));
	if (json_text(process, "user")) {
		strbuf_addc(line, ' ');
		page_escape(&report->page, line, json_text(process, "user"));
	}
	if (json_text(process, "exe")) {
		strbuf_adds(line, dot);
		page_escape(&report->page, line, json_text(process, "exe"));
	}
	if (json_text(process, "start")) {
		strbuf_adds(line, dot);
		report_time_add(report, line, json_text(process, "start"));
	}
}

/* The most urgent priority among the alerts of a process; -1 for none. */
static int process_priority(const struct report *report, const json_t *process)
{
	const json_t *id;
	int priority = -1, each;
	size_t i;

	json_array_foreach (json_object_get(process, "alerts"), i, id) {
		each = json_is_string(id) ? report_priority(json_object_get(report->alerts, json_string_value(id)))
					  : -1;
		if (each >= 0 && (priority < 0 || each < priority))
			priority = each;
	}
	return priority;
}

static void print_line(struct branch *branch, const char *lead, const char *safe)
{
	struct page *page = &branch->report->page;
	size_t at = 2 + text_width(branch->prefix.data) + text_width(lead);

	strbuf_addf(page->out, "  %s%s", branch->prefix.data, lead);
	page_wrap(page, at, at + 2 < page->style.width / 2 ? at + 2 : page->style.width / 2, safe);
}

static void print_process(struct branch *branch, const json_t *process, const char *lead)
{
	const struct report *report = branch->report;
	int priority = process_priority(report, process);
	AUTO_STRBUF line = STRBUF_INIT;
	AUTO_STRBUF command = STRBUF_INIT;

	if (priority >= 0)
		strbuf_addf(&line, "%s ", page_glyph(&report->page, priority_glyph(priority)));
	add_command(&report->page, &command, process);
	strbuf_adds(&line, command.data);
	add_identity(report, &line, process);
	print_line(branch, lead, line.data);
}

static void print_events(struct branch *branch, const json_t *process, bool has_children)
{
	const struct report *report = branch->report;
	const json_t *event;
	size_t i;

	json_array_foreach (json_object_get(process, "events"), i, event) {
		AUTO_STRBUF line = STRBUF_INIT;
		char label[LABEL_MAX];

		report_time_add(report, &line, json_text(event, "time"));
		strbuf_addc(&line, ' ');
		page_escape(&report->page, &line, json_text(event, "text"));
		if (report_label(report, json_text(event, "event"), label))
			strbuf_addf(&line, "  %s", label);
		print_line(branch, has_children ? page_glyph(&report->page, GLYPH_PIPE) : "   ", line.data);
	}
}

static void print_subtree(struct branch *branch, const json_t *process, const char *lead, const char *below)
{
	const struct page *page = &branch->report->page;
	const json_t *children = json_object_get(process, "children"), *child;
	size_t length = branch->prefix.length, count = json_array_size(children), i;

	print_process(branch, process, lead);
	strbuf_adds(&branch->prefix, below);
	print_events(branch, process, count > 0);
	if (branch->depth == TREE_DEPTH_MAX && count) {
		print_line(branch, page_glyph(page, GLYPH_LAST), "deeper than is shown here; -o json has it");
		count = 0;
	}
	branch->depth++;
	for (i = 0; i < count; i++) {
		bool is_last = i + 1 == count;

		child = json_array_get(children, i);
		print_subtree(branch, child, page_glyph(page, is_last ? GLYPH_LAST : GLYPH_BRANCH),
			      is_last ? "   " : page_glyph(page, GLYPH_PIPE));
	}
	branch->depth--;
	strbuf_truncate(&branch->prefix, length);
}

void report_tree(struct report *report)
{
	const json_t *roots = report_list(report, "process_tree"), *root;
	struct branch branch = { .report = report, .prefix = STRBUF_INIT };
	size_t i;

	if (!json_array_size(roots))
		return;
	page_head(&report->page, "PROCESS TREE", NULL);
	json_array_foreach (roots, i, root)
		print_subtree(&branch, root, "", "");
	strbuf_fini(&branch.prefix);
}
