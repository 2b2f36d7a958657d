/*
 * What is shown, and what is not, in one sentence each. A sentence names the links it rests on and is as sure as the
 * least sure of them.
 */
#include <string.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "collector/correlate/sentence.h"

#define SENTENCE_LINKS_MAX 16
#define SENTENCES_MAX	   24
#define DEEDS_SHOWN	   6 /* of one person in one sentence; the others are counted */

struct sentence {
	struct strbuf text;
	enum strength strength;
	double confidence;
	size_t links[SENTENCE_LINKS_MAX];
	size_t link_count;
};

static void rest_on(struct sentence *sentence, const struct graph_link *link, size_t number)
{
	if (sentence->link_count < SENTENCE_LINKS_MAX)
		sentence->links[sentence->link_count++] = number;
	if (sentence->confidence == 0 || link->confidence < sentence->confidence)
		sentence->confidence = link->confidence;
}

static void say(json_t *verdict, struct sentence *sentence)
{
	json_t *json = json_object();
	json_t *links = json_array();

	for (size_t i = 0; i < sentence->link_count; i++)
		json_array_append_new(links, json_integer((json_int_t)sentence->links[i]));
	json_set_text(json, "text", sentence->text.data);
	json_set_text(json, "strength", strength_name(sentence->strength));
	json_object_set_new(json, "confidence", json_real(sentence->confidence));
	json_object_set_new(json, "links", links);
	/* The last place is for saying that there was more. */
	if (json_array_size(verdict) + 1 == SENTENCES_MAX) {
		json_set_text(json, "text", "more is known than is said here: see the links");
		json_object_set_new(json, "links", json_array());
	}
	if (json_array_size(verdict) < SENTENCES_MAX)
		json_array_append_new(verdict, json);
	else
		json_decref(json);
	strbuf_fini(&sentence->text);
}

static struct sentence begin(enum strength strength)
{
	struct sentence sentence = { .text = STRBUF_INIT, .strength = strength };

	return sentence;
}

/* Sessions, keys and signing in say how somebody came, not what they changed. */
static bool is_change(const struct inquiry *inquiry, const struct graph_link *link)
{
	const struct node *to = node_find(inquiry, link->to);

	return to->row.kind != ENTITY_ACCOUNT && to->row.kind != ENTITY_SESSION;
}

/* The next thing this actor did, or tried, after the link numbered so (0 = the first), in order of time; 0 = none. */
static size_t next_deed(const struct inquiry *inquiry, const struct node *who, enum strength strength, size_t after)
{
	const struct graph_link *last = after != 0 ? &inquiry->links[after - 1] : NULL;
	size_t best = 0;

	for (size_t i = 0; i < inquiry->link_count; i++) {
		const struct graph_link *link = &inquiry->links[i];

		if (link->from != who->row.id || link->strength != strength || !is_change(inquiry, link))
			continue;
		if (last != NULL && (link->first < last->first || (link->first == last->first && i < after)))
			continue;
		if (best == 0 || link->first < inquiry->links[best - 1].first)
			best = i + 1;
	}
	return best;
}

/* "badlugo deleted cluster X, deleted trail Y, and did 3 more things". */
static void say_deeds(const struct inquiry *inquiry, const struct node *who, enum strength strength, json_t *verdict)
{
	struct sentence sentence = begin(strength);
	size_t number = next_deed(inquiry, who, strength, 0), count = 0;

	strbuf_adds(&sentence.text, node_text(inquiry, who->row.id));
	for (; number != 0; number = next_deed(inquiry, who, strength, number)) {
		const struct graph_link *link = &inquiry->links[number - 1];

		if (count++ < DEEDS_SHOWN)
			strbuf_addf(&sentence.text, "%s %s %s", count == 1 ? "" : ",",
				    relation_words(inquiry, link->relation), node_text(inquiry, link->to));
		rest_on(&sentence, link, number);
	}
	if (count == 0) {
		strbuf_fini(&sentence.text);
		return;
	}
	if (count > DEEDS_SHOWN)
		strbuf_addf(&sentence.text, ", and %s %zu more thing%s",
			    strength == STRENGTH_ATTEMPTED ? "tried" : "did", count - DEEDS_SHOWN,
			    count == DEEDS_SHOWN + 1 ? "" : "s");
	if (strength == STRENGTH_ATTEMPTED)
		strbuf_adds(&sentence.text, "; the calls failed, nothing of this was done");
	say(verdict, &sentence);
}

static void say_sign_in(const struct inquiry *inquiry, const struct node *who, json_t *verdict)
{
	struct sentence sentence = begin(STRENGTH_PERFORMED);
	const char *mfa = node_fact(who, "mfa");

	for (size_t i = 0; i < inquiry->link_count && sentence.link_count == 0; i++) {
		const struct graph_link *link = &inquiry->links[i];

		if (link->from == who->row.id && strcmp(link->relation, "signed_in_to") == 0)
			rest_on(&sentence, link, i + 1);
	}
	if (sentence.link_count == 0) {
		strbuf_fini(&sentence.text);
		return;
	}
	strbuf_addf(&sentence.text, "%s signed in to the console%s", node_text(inquiry, who->row.id),
		    mfa != NULL && strcmp(mfa, "No") == 0 ? " without MFA" : "");
	say(verdict, &sentence);
}

static const struct alert_row *find_alert(const struct inquiry *inquiry, const char *id)
{
	for (size_t i = 0; i < inquiry->alert_count; i++) {
		if (strcmp(inquiry->alerts[i].id, id) == 0)
			return &inquiry->alerts[i];
	}
	return NULL;
}

/* One sentence per user for all the alerts they were merely near. */
static void say_near(const struct inquiry *inquiry, const struct node *who, json_t *verdict)
{
	struct sentence sentence = begin(STRENGTH_ASSOCIATION);
	const struct alert_row *alert = NULL;
	size_t count = 0;

	for (size_t i = 0; i < inquiry->link_count; i++) {
		const struct graph_link *link = &inquiry->links[i];

		if (link->to != who->row.id || strcmp(link->relation, link_methods[LINK_SAME_CLUSTER].relation) != 0)
			continue;
		if (alert == NULL)
			alert = find_alert(inquiry, node_find(inquiry, link->from)->row.key);
		rest_on(&sentence, link, i + 1);
		count++;
	}
	if (alert == NULL) {
		strbuf_fini(&sentence.text);
		return;
	}
	strbuf_addf(&sentence.text, "that %s had a part in \"%s\"", node_text(inquiry, who->row.id), alert->rule);
	if (count > 1)
		strbuf_addf(&sentence.text, " or %zu other alerts", count - 1);
	strbuf_adds(&sentence.text, " is not shown: an association only, same cluster, NOT cause");
	say(verdict, &sentence);
}

/* The two ends of the exact tie: this alert fired in the session, and this link opened it. */
static const struct alert_row *alert_in_session(const struct inquiry *inquiry, int64_t session, size_t *ret_number)
{
	for (size_t i = 0; i < inquiry->link_count; i++) {
		const struct graph_link *link = &inquiry->links[i];

		if (link->to == session &&
		    strcmp(link->relation, link_methods[LINK_ALERT_EXEC_SESSION].relation) == 0 &&
		    node_find(inquiry, link->from)->row.kind == ENTITY_ALERT) {
			*ret_number = i + 1;
			return find_alert(inquiry, node_find(inquiry, link->from)->row.key);
		}
	}
	return NULL;
}

/* "badlugo opened ECS Exec session X, and "RULE" fired in it": who was in the container. */
static void say_shell(const struct inquiry *inquiry, const struct node *who, json_t *verdict)
{
	for (size_t i = 0; i < inquiry->link_count; i++) {
		const struct graph_link *link = &inquiry->links[i];
		const struct node *session = node_find(inquiry, link->to);
		struct sentence sentence;
		const struct alert_row *alert;
		size_t number;

		if (link->from != who->row.id || link->strength != STRENGTH_PERFORMED ||
		    session->row.kind != ENTITY_EXEC_SESSION)
			continue;
		alert = alert_in_session(inquiry, session->row.id, &number);
		if (alert == NULL)
			continue;
		sentence = begin(STRENGTH_PERFORMED);
		strbuf_addf(&sentence.text, "%s was in the container: opened %s, and \"%s\" fired in it",
			    node_text(inquiry, who->row.id), node_text(inquiry, session->row.id), alert->rule);
		rest_on(&sentence, link, i + 1);
		rest_on(&sentence, &inquiry->links[number - 1], number);
		say(verdict, &sentence);
	}
}

static void say_image(const struct inquiry *inquiry, const struct node *image, json_t *verdict)
{
	struct sentence sentence = begin(STRENGTH_IDENTITY);
	const char *root = node_fact(image, "runs_as_root");

	for (size_t i = 0; i < inquiry->link_count && root != NULL && strcmp(root, "true") == 0; i++) {
		const struct graph_link *link = &inquiry->links[i];

		if (link->to == image->row.id && strcmp(link->relation, "runs") == 0)
			rest_on(&sentence, link, i + 1);
	}
	if (sentence.link_count == 0) {
		strbuf_fini(&sentence.text);
		return;
	}
	strbuf_addf(&sentence.text, "image %s runs as root", image->name);
	say(verdict, &sentence);
}

static void say_nobody(const struct inquiry *inquiry, json_t *verdict)
{
	const struct alert_row *alert = &inquiry->subject.alert;
	int64_t where = alert->cluster_id != 0 ? alert->cluster_id : alert->task_id;
	struct sentence sentence = begin(STRENGTH_IDENTITY);
	bool acted = false;

	if (where == 0)
		where = inquiry->subject.entity.id;

	for (size_t i = 0; i < inquiry->node_count; i++)
		acted |= inquiry->nodes[i].is_principal;
	if (acted) {
		strbuf_fini(&sentence.text);
		return;
	}
	strbuf_addf(&sentence.text, "nobody is seen acting on %s from the cloud in the window",
		    node_text(inquiry, where));
	say(verdict, &sentence);
}

/* Keys, as ids are hashes: the order people see is one they can follow. */
static const struct node *next_by_key(const struct inquiry *inquiry, const struct node *after)
{
	const struct node *best = NULL;

	for (size_t i = 0; i < inquiry->node_count; i++) {
		const struct node *node = &inquiry->nodes[i];

		if (after != NULL && (strcmp(node->row.key, after->row.key) < 0 ||
				      (strcmp(node->row.key, after->row.key) == 0 && node->row.id <= after->row.id)))
			continue;
		if (best == NULL || strcmp(node->row.key, best->row.key) < 0 ||
		    (strcmp(node->row.key, best->row.key) == 0 && node->row.id < best->row.id))
			best = node;
	}
	return best;
}

typedef void (*say_function)(const struct inquiry *inquiry, const struct node *node, json_t *verdict);

static void say_done(const struct inquiry *inquiry, const struct node *node, json_t *verdict)
{
	say_deeds(inquiry, node, STRENGTH_PERFORMED, verdict);
}

static void say_tried(const struct inquiry *inquiry, const struct node *node, json_t *verdict)
{
	say_deeds(inquiry, node, STRENGTH_ATTEMPTED, verdict);
}

json_t *verdict_write(const struct inquiry *inquiry)
{
	static const say_function sayings[] = { say_shell, say_done, say_tried, say_sign_in, say_near };
	json_t *verdict = json_array();
	const struct node *node;

	/* who did something before who only tried */
	for (size_t i = 0; i < 2 * ARRAY_SIZE(sayings); i++) {
		for (node = next_by_key(inquiry, NULL); node != NULL; node = next_by_key(inquiry, node)) {
			bool has_done = next_deed(inquiry, node, STRENGTH_PERFORMED, 0) != 0;

			if (node->is_principal && has_done == (i % 2 == 0))
				sayings[i / 2](inquiry, node, verdict);
		}
	}
	for (node = next_by_key(inquiry, NULL); node != NULL; node = next_by_key(inquiry, node)) {
		if (node->row.kind == ENTITY_IMAGE)
			say_image(inquiry, node, verdict);
	}
	say_nobody(inquiry, verdict);
	return verdict;
}
