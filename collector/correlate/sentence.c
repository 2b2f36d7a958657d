#include "collector/correlate/sentence.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/strbuf.h"

#define ARGS_SHOWN_MAX 400 /* bytes of a command line in a sentence */

static const unsigned char telling[ENTITY_KIND_COUNT] = {
	[ENTITY_EXEC_SESSION] = 2, [ENTITY_TASK] = 9,	  [ENTITY_CLUSTER] = 8, [ENTITY_TRAIL] = 8,
	[ENTITY_SERVICE] = 7,	   [ENTITY_ROLE] = 6,	  [ENTITY_SESSION] = 5, [ENTITY_ACCESS_KEY] = 5,
	[ENTITY_IMAGE] = 5,	   [ENTITY_RESOURCE] = 4, [ENTITY_ACCOUNT] = 3,
};

const char *relation_words(const struct inquiry *inquiry, const char *relation)
{
	char *words = arena_dup(inquiry->arena, relation);

	for (char *at = words; at != NULL && *at != '\0'; at++) {
		if (*at == '_')
			*at = ' ';
	}
	return words != NULL ? words : relation;
}

static bool is_more_telling(const struct inquiry *inquiry, const struct graph_assertion *a,
			    const struct graph_assertion *b)
{
	const struct node *left = node_find(inquiry, a->to);
	const struct node *right = node_find(inquiry, b->to);

	if (telling[left->row.kind] != telling[right->row.kind])
		return telling[left->row.kind] > telling[right->row.kind];
	return strcmp(left->row.key, right->row.key) < 0;
}

static int compare_deeds(const void *left, const void *right)
{
	const struct graph_assertion *a = *(const struct graph_assertion *const *)left;
	const struct graph_assertion *b = *(const struct graph_assertion *const *)right;

	return memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

int deeds_index(struct inquiry *inquiry, struct err *err)
{
	inquiry->deeds = arena_array(inquiry->arena, const struct graph_assertion *, inquiry->row_count + 1);
	if (inquiry->deeds == NULL)
		return err_set(err, ERR_MEMORY, "could not sort what was done: out of memory");
	for (size_t i = 0; i < inquiry->row_count; i++) {
		if (is_deed(&inquiry->rows[i]))
			inquiry->deeds[inquiry->deed_count++] = &inquiry->rows[i];
	}
	qsort(inquiry->deeds, inquiry->deed_count, sizeof(*inquiry->deeds), compare_deeds);
	return 0;
}

static size_t first_deed(const struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE])
{
	size_t low = 0, high = inquiry->deed_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(inquiry->deeds[middle]->event_id, event_id, EVENT_ID_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct graph_assertion *find_deed(const struct inquiry *inquiry, const struct event_row *event)
{
	const struct graph_assertion *best = NULL;

	for (size_t i = first_deed(inquiry, event->event_id); i < inquiry->deed_count; i++) {
		const struct graph_assertion *row = inquiry->deeds[i];

		if (memcmp(row->event_id, event->event_id, EVENT_ID_SIZE) != 0)
			break;
		if (row->from == event->actor_id && node_find(inquiry, row->to) != NULL &&
		    (best == NULL || is_more_telling(inquiry, row, best)))
			best = row;
	}
	return best;
}

void cloud_facts_read(const struct inquiry *inquiry, const struct event_row *row, struct cloud_facts *ret)
{
	AUTO_JSON json = NULL;
	const char *text = row->event.cloud != NULL ? row->event.cloud->json : NULL;
	const char *error, *mfa;

	*ret = (struct cloud_facts){ .deed = find_deed(inquiry, row) };
	if (text == NULL || json_parse("record", text, strlen(text), &json, NULL) < 0)
		return;
	error = json_text(json, "errorCode");
	mfa = json_text(json_object_get(json, "additionalEventData"), "MFAUsed");
	ret->error = arena_dup(inquiry->arena, error);
	ret->is_denied = error != NULL || (ret->deed != NULL && ret->deed->strength == STRENGTH_ATTEMPTED);
	ret->is_read = ret->deed == NULL && json_is_true(json_object_get(json, "readOnly"));
	ret->is_without_mfa = strcmp(row->event.type != NULL ? row->event.type : "", "ConsoleLogin") == 0 &&
			      mfa != NULL && strcmp(mfa, "No") == 0;
}

static const char *or_text(const char *text, const char *fallback)
{
	return text != NULL ? text : fallback;
}

const char *cloud_sentence(const struct inquiry *inquiry, const struct event_row *row,
			   const struct cloud_facts *facts)
{
	const char *who =
		row->actor_id != 0 ? node_text(inquiry, row->actor_id) : "somebody the record does not name";
	const char *type = or_text(row->event.type, "?");
	const char *mfa = facts->is_without_mfa ? " without MFA" : "";
	char *text;

	if (facts->deed != NULL)
		text = arena_printf(inquiry->arena, "%s %s %s%s%s%s", who,
				    relation_words(inquiry, facts->deed->relation),
				    node_text(inquiry, facts->deed->to), mfa, facts->error != NULL ? ": " : "",
				    or_text(facts->error, ""));
	else
		text = arena_printf(inquiry->arena, "%s %s %s%s%s%s", who,
				    facts->is_denied ? "tried to call" : "called", type, mfa,
				    facts->error != NULL ? ": " : "", or_text(facts->error, ""));
	return or_text(text, type);
}

static const char *command_line(const struct inquiry *inquiry, const struct process *process)
{
	AUTO_STRBUF line = STRBUF_INIT;

	for (size_t i = 0; i < process->arg_count && line.length < ARGS_SHOWN_MAX; i++)
		strbuf_addf(&line, "%s%s", i > 0 ? " " : "", process->args[i]);
	if (line.length > ARGS_SHOWN_MAX) {
		strbuf_truncate(&line, ARGS_SHOWN_MAX);
		strbuf_adds(&line, "...");
	}
	return or_text(arena_dup(inquiry->arena, line.data), "");
}

#define HASH_SHOWN 12 /* digits; the whole is in the event */

/* " (2c8b08da5ce6 to 27dd8ed44a83, of package coreutils, not as approved)", or "". */
static const char *content_words(const struct inquiry *inquiry, const struct file_content *content)
{
	AUTO_STRBUF words = STRBUF_INIT;

	if (content == NULL)
		return "";
	if (content->before != NULL || content->after != NULL)
		strbuf_addf(&words, "%.*s to %.*s", HASH_SHOWN, or_text(content->before, "nothing"), HASH_SHOWN,
			    or_text(content->after, "nothing"));
	if (content->package != NULL)
		strbuf_addf(&words, "%sof package %s", words.length > 0 ? ", " : "", content->package);
	if (content->approval == FILE_NOT_APPROVED)
		strbuf_addf(&words, "%snot as approved", words.length > 0 ? ", " : "");
	return words.length > 0 ? arena_printf(inquiry->arena, " (%s)", words.data) : "";
}

static const char *file_sentence(const struct inquiry *inquiry, const struct event *event, const char *who)
{
	static const char *const words[][2] = {
		[FILE_OP_OPEN] = { "opened for writing", "open for writing" },
		[FILE_OP_CREATE] = { "created", "create" },
		[FILE_OP_RENAME] = { "renamed", "rename" },
		[FILE_OP_REMOVE] = { "removed", "remove" },
		[FILE_OP_LINK] = { "linked", "link" },
		[FILE_OP_CHMOD] = { "changed the mode of", "change the mode of" },
		[FILE_OP_CHOWN] = { "changed the owner of", "change the owner of" },
		[FILE_OP_XATTR] = { "changed an attribute of", "change an attribute of" },
		[FILE_OP_WRITE] = { "changed the content of", "change the content of" },
	};
	const struct file_change *file = event->file;
	bool failed = !file->is_result_unknown && file->result < 0, tried = failed || file->is_result_unknown;
	const char *word = (size_t)file->op < ARRAY_SIZE(words) ? words[file->op][tried] : NULL;
	const char *outcome = file->is_result_unknown ? ": result not seen" : "";

	if (failed)
		outcome =
			arena_printf(inquiry->arena, ": %s", or_text(strerrorname_np((int)-file->result), "failed"));
	return arena_printf(inquiry->arena, "%s %s%s %s%s%s%s%s", who, tried ? "tried to " : "",
			    or_text(word, tried ? "change" : "changed"), or_text(file->path, "?"),
			    file->target != NULL ? " to " : "", or_text(file->target, ""),
			    or_text(content_words(inquiry, file->content), ""), or_text(outcome, ""));
}

static const char *call_sentence(const struct inquiry *inquiry, const struct event *event, const char *who)
{
	const struct call_record *call = event->call;
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, "%s called %s(", who, event->type);
	for (size_t i = 0; i < call->param_count; i++)
		strbuf_addf(&text, "%s%s=%s", i > 0 ? " " : "", call->params[i].name, call->params[i].value);
	strbuf_addc(&text, ')');
	if (call->is_result_unknown)
		strbuf_adds(&text, ": result not seen");
	else if (call->result < 0)
		strbuf_addf(&text, ": %s", or_text(strerrorname_np((int)-call->result), "failed"));
	return arena_dup(inquiry->arena, text.data);
}

const char *activity_sentence(const struct inquiry *inquiry, const struct event_row *row, bool with_place)
{
	const struct event *event = &row->event;
	const struct process *process = event->process;
	const char *who = process != NULL ? or_text(process->name, "?") : "somebody";
	const char *text, *user = NULL;

	if (process != NULL)
		user = process->user != NULL ? process->user : arena_printf(inquiry->arena, "uid %u", process->uid);
	if (event->kind == EVENT_FILE && event->file != NULL)
		text = file_sentence(inquiry, event, who);
	else if (event->kind == EVENT_CALL && event->call != NULL)
		text = call_sentence(inquiry, event, who);
	else if (event->kind == EVENT_EXEC && process != NULL)
		text = arena_printf(inquiry->arena, "%s started: %s", who, command_line(inquiry, process));
	else if (event->kind == EVENT_EXIT && WIFSIGNALED(event->exit_status))
		text = arena_printf(inquiry->arena, "%s was ended by signal %d", who, WTERMSIG(event->exit_status));
	else if (event->kind == EVENT_EXIT)
		text = arena_printf(inquiry->arena, "%s ended with exit code %d", who,
				    WEXITSTATUS(event->exit_status));
	else
		text = arena_printf(inquiry->arena, "%s: %s", who,
				    or_text(event->type, event_kind_name(event->kind)));
	if (text != NULL && with_place && user != NULL && row->task_id != 0)
		text = arena_printf(inquiry->arena, "%s as %s in %s", text, user, node_text(inquiry, row->task_id));
	return or_text(text, "");
}

static int64_t scanned_image(const struct inquiry *inquiry, const struct event_row *row)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *found = &inquiry->rows[i];

		if (strcmp(found->method, link_methods[LINK_IMAGE_SCANNED].method) == 0 &&
		    memcmp(found->event_id, row->event_id, EVENT_ID_SIZE) == 0)
			return found->from;
	}
	return 0;
}

/* Facts are the newest of the image; the same digest always runs as the same user. */
const char *scan_sentence(const struct inquiry *inquiry, const struct event_row *row)
{
	const struct node *image = node_find(inquiry, scanned_image(inquiry, row));
	const char *root = node_fact(image, "runs_as_root");
	const char *user = node_fact(image, "user");
	const char *text;

	if (image == NULL)
		return "an image was scanned";
	text = arena_printf(
		inquiry->arena, "image %s was scanned: %s findings%s%s%s", image->name,
		or_text(node_fact(image, "findings"), "no"), user != NULL ? ", runs as " : "", or_text(user, ""),
		root != NULL && strcmp(root, "true") == 0 && user != NULL && strcmp(user, "root") != 0 ? " (root)"
												       : "");
	return or_text(text, "an image was scanned");
}
