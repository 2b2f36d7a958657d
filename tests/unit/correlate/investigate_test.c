#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/investigate.h"
#include "json/json.h"
#include "story.h"

static struct fake_event events[64];
static size_t event_count;
static struct store *store;

static int set_up(void **state)
{
	(void)state;
	event_count = story_events(events, ARRAY_SIZE(events));
	store = fake_store_new();
	for (size_t i = 0; i < event_count; i++)
		fake_store_add(store, &events[i]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_store_free(store);
	return 0;
}

static json_t *ask(const char *reference)
{
	struct investigate_query query = { .reference = reference,
					   .min_confidence = INVESTIGATE_MIN_CONFIDENCE_DEFAULT };
	struct err err = { 0 };
	json_t *document;

	if (investigate(store, 1, &query, &document, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return document;
}

static json_t *ask_alert(void)
{
	char id[ALERT_ID_MAX];

	return ask(story_alert(id));
}

static const json_t *entity_by(const json_t *document, const char *member, const char *value)
{
	const json_t *entities = json_object_get(document, "entities");

	for (size_t i = 0; i < json_array_size(entities); i++) {
		const json_t *entity = json_array_get(entities, i);

		if (strcmp(json_text(entity, member), value) == 0)
			return entity;
	}
	return NULL;
}

static const char *key_of(const json_t *document, const json_t *link, const char *end)
{
	const json_t *entity = entity_by(document, "entity", json_text(link, end));

	assert_non_null(entity);
	return json_text(entity, "key");
}

static const json_t *find_link(const json_t *document, const char *from, const char *relation, const char *to)
{
	const json_t *links = json_object_get(document, "links");

	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *link = json_array_get(links, i);

		if (strcmp(json_text(link, "relation"), relation) == 0 &&
		    strcmp(key_of(document, link, "from"), from) == 0 &&
		    strcmp(key_of(document, link, "to"), to) == 0)
			return link;
	}
	return NULL;
}

static void assert_link(const json_t *document, const char *from, const char *relation, const char *to,
			const char *strength)
{
	const json_t *link = find_link(document, from, relation, to);

	if (link == NULL)
		fail_msg("no link %s %s %s", from, relation, to);
	assert_string_equal(json_text(link, "strength"), strength);
	for (size_t i = 0; i < json_array_size(json_object_get(link, "methods")); i++)
		assert_true(json_array_size(json_object_get(json_array_get(json_object_get(link, "methods"), i),
							    "events")) > 0);
}

static bool has_alert(const json_t *document, const char *rule)
{
	const json_t *alerts = json_object_get(document, "alerts");

	for (size_t i = 0; i < json_array_size(alerts); i++) {
		if (strcmp(json_text(json_array_get(alerts, i), "rule"), rule) == 0)
			return true;
	}
	return false;
}

static const json_t *find_entry(const json_t *document, const char *part)
{
	const json_t *timeline = json_object_get(document, "timeline");

	for (size_t i = 0; i < json_array_size(timeline); i++) {
		const json_t *entry = json_array_get(timeline, i);

		if (strstr(json_text(entry, "text"), part) != NULL)
			return entry;
	}
	return NULL;
}

static void an_alert_leads_to_its_task_its_cluster_who_deleted_it_and_the_trail(void **state)
{
	AUTO_JSON document = ask_alert();
	char id[ALERT_ID_MAX];

	(void)state;
	story_alert(id);
	assert_string_equal(json_text(document, "reference"), id);
	assert_string_equal(json_text(document, "severity"), "Critical");
	assert_link(document, id, "fired_on", TASK_ARN, "identity");
	assert_link(document, TASK_ARN, "ran_in", CLUSTER_ARN, "identity");
	assert_link(document, TASK_ID "-0011", "runs", IMAGE_ID, "identity");
	assert_link(document, BADLUGO_ID, "deleted", CLUSTER_ARN, "performed");
	assert_link(document, BADLUGO_ID, "deleted", TRAIL_ARN, "performed");
	assert_link(document, TASK_ARN, "called_as", "AROAQ3EGRTSEXAMPLER1:" TASK_ID, "identity");
	assert_true(has_alert(document, "Write below binary dir") && has_alert(document, "Modify binary dirs"));
	assert_true(has_alert(document, "ECS cluster deleted") && has_alert(document, "CloudTrail trail deleted"));
}

static void a_sign_in_recorded_in_another_region_is_found(void **state)
{
	AUTO_JSON document = ask_alert();
	const json_t *user = entity_by(document, "key", BADLUGO_ID);

	(void)state;
	assert_true(has_alert(document, "Console login without MFA"));
	assert_string_equal(json_text(json_object_get(user, "facts"), "mfa"), "No");
	assert_non_null(find_entry(document, "without MFA"));
}

static void an_association_is_bounded_says_so_and_is_no_cause(void **state)
{
	AUTO_JSON document = ask_alert();
	const json_t *links = json_object_get(document, "links");
	AUTO_FREE char *verdict = NULL;
	const json_t *link;
	char id[ALERT_ID_MAX];
	double confidence;

	(void)state;
	story_alert(id);
	assert_link(document, id, "near", BADLUGO_ID, "association");
	link = find_link(document, id, "near", BADLUGO_ID);
	confidence = json_real_value(json_object_get(link, "confidence"));
	assert_true(confidence >= 0.30 && confidence <= 0.65);
	assert_true(json_is_false(json_object_get(link, "cause")));
	assert_non_null(strstr(json_text(json_array_get(json_object_get(link, "methods"), 0), "detail"), "15m"));
	assert_true(json_is_string(json_object_get(link, "raises")) &&
		    json_is_string(json_object_get(link, "lowers")));
	for (size_t i = 0; i < json_array_size(links); i++) {
		link = json_array_get(links, i);
		if (strcmp(key_of(document, link, "from"), id) == 0 &&
		    strcmp(key_of(document, link, "to"), BADLUGO_ID) == 0)
			assert_string_equal(json_text(link, "strength"), "association");
	}
	verdict = json_dumps(json_object_get(document, "verdict"), 0);
	assert_non_null(strstr(verdict, "NOT cause"));
}

static void a_refused_deletion_is_only_attempted(void **state)
{
	AUTO_JSON document = ask_alert();

	(void)state;
	assert_link(document, BOT_ID, "tried_to_delete", CLUSTER_ARN, "attempted");
	assert_null(find_link(document, BOT_ID, "deleted", CLUSTER_ARN));
	assert_string_equal(json_text(find_entry(document, "deploy-bot tried to delete"), "relation"), "attempted");
}

static void names_that_look_alike_are_not_linked(void **state)
{
	AUTO_JSON document = ask_alert();
	AUTO_FREE char *text = json_dumps(document, 0);

	(void)state;
	assert_null(strstr(text, LOOKALIKE_ID));
	assert_null(strstr(text, OTHER_ARN));
}

static void a_shared_address_is_shown_but_not_passed_through(void **state)
{
	AUTO_JSON document = ask_alert();
	AUTO_FREE char *text = json_dumps(document, 0);

	(void)state;
	assert_link(document, BADLUGO_ID, "acted_from", "203.0.113.7", "association");
	assert_null(strstr(text, NEIGHBOUR_ID));
	assert_null(strstr(text, "other-trail"));
}

static void deleting_the_trail_opens_a_gap_that_lasts(void **state)
{
	AUTO_JSON document = ask_alert();
	const json_t *gap = json_array_get(json_object_get(document, "gaps"), 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(document, "gaps")), 1);
	assert_string_equal(json_text(gap, "source"), "cloudtrail " ACCOUNT " " TRAIL_ARN);
	assert_string_equal(json_text(gap, "from"), "2021-06-01T12:25:40Z");
	assert_true(json_is_null(json_object_get(gap, "until")) && json_is_false(json_object_get(gap, "closed")));
	assert_string_equal(json_text(gap, "reason"), "trail main-trail was deleted by badlugo");
	assert_string_equal(json_text(find_entry(document, "nothing is heard"), "kind"), "gap");
}

static void the_scan_of_the_image_stands_in_the_timeline_and_in_its_facts(void **state)
{
	AUTO_JSON document = ask_alert();
	const json_t *image = entity_by(document, "key", IMAGE_ID);

	(void)state;
	assert_string_equal(json_text(json_object_get(image, "facts"), "runs_as_root"), "true");
	assert_string_equal(json_text(find_entry(document, "runs as root"), "source"), "scan");
	assert_string_equal(json_text(find_entry(document, "runs as root"), "relation"), "identity");
}

static void what_happened_in_the_same_second_is_of_uncertain_order(void **state)
{
	AUTO_JSON document = ask_alert();

	(void)state;
	assert_true(
		json_is_true(json_object_get(find_entry(document, "badlugo deleted cluster"), "order_uncertain")));
	assert_true(json_is_true(json_object_get(find_entry(document, "touch renamed"), "order_uncertain")));
	assert_null(json_object_get(find_entry(document, "touch created"), "order_uncertain"));
	assert_string_equal(json_text(find_entry(document, "badlugo deleted cluster"), "until"),
			    "2021-06-01T12:20:11Z");
}

static void the_process_tree_shows_the_alerted_process_below_its_parent(void **state)
{
	AUTO_JSON document = ask_alert();
	const json_t *root = json_array_get(json_object_get(document, "process_tree"), 0);
	const json_t *child = json_array_get(json_object_get(root, "children"), 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(document, "process_tree")), 1);
	assert_string_equal(json_text(root, "name"), "event-generator");
	assert_int_equal(json_array_size(json_object_get(root, "children")), 1);
	assert_string_equal(json_text(child, "name"), "touch");
	assert_int_equal(json_array_size(json_object_get(child, "alerts")), 2);
	assert_int_equal(json_array_size(json_object_get(child, "args")), 3);
}

static void reading_calls_are_counted_but_not_shown(void **state)
{
	AUTO_JSON document = ask_alert();

	(void)state;
	assert_null(find_entry(document, "DescribeTasks"));
	assert_non_null(strstr(json_text(document, "cut"), "10 calls that only read"));
}

static void every_reference_leads_to_both_worlds(void **state)
{
	static const char *const references[] = {
		"user/badlugo",	    TASK_ID,	       "1dddc34c",
		"task/" TASK_ID,    TASK_ARN,	       CLUSTER_ARN,
		"trail/main-trail", "image/" IMAGE_ID, "arn:aws:iam::" ACCOUNT ":user/badlugo"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		AUTO_JSON document = ask(references[i]);

		/* an image leads to its tasks; what was done to their clusters is the tasks' story */
		if (!has_alert(document, "ECS cluster deleted") && strncmp(references[i], "image", 5) != 0)
			fail_msg("%s does not lead to the cluster's deletion", references[i]);
		if (!has_alert(document, "Write below binary dir"))
			fail_msg("%s does not lead to the runtime alert", references[i]);
	}
}

static void a_name_that_means_two_clusters_is_refused_with_both(void **state)
{
	struct investigate_query query = { .reference = CLUSTER_NAME };
	struct err err = { 0 };
	AUTO_JSON candidates = NULL;
	AUTO_JSON document = NULL;

	(void)state;
	assert_int_equal(investigate(store, 1, &query, &document, &candidates, &err), ERR_USAGE);
	assert_int_equal(json_array_size(candidates), 2);
	assert_string_equal(json_text(json_array_get(candidates, 0), "reference"), OTHER_ARN);
	assert_null(document);
}

static void what_is_not_known_or_has_no_shape_is_refused(void **state)
{
	struct investigate_query query = { .reference = "user/nobody-here" };
	struct err err = { 0 };
	AUTO_JSON document = NULL;

	(void)state;
	assert_int_equal(investigate(store, 1, &query, &document, NULL, &err), ERR_NOT_FOUND);
	assert_string_equal(err.message, "nothing is known as \"user/nobody-here\"");
	query.reference = "what is this?";
	assert_int_equal(investigate(store, 1, &query, &document, NULL, &err), ERR_USAGE);
	query.reference = "al_0000";
	assert_int_equal(investigate(store, 1, &query, &document, NULL, &err), ERR_NOT_FOUND);
}

static void order_and_repetition_of_events_do_not_change_a_byte(void **state)
{
	static const char *const references[] = { NULL, "user/badlugo", TASK_ID, CLUSTER_ARN };
	char id[ALERT_ID_MAX];

	(void)state;
	srand(11);
	story_alert(id);
	for (size_t r = 0; r < ARRAY_SIZE(references); r++) {
		const char *reference = references[r] != NULL ? references[r] : id;
		AUTO_JSON expected = ask(reference);
		AUTO_FREE char *expected_text = json_dumps(expected, 0);

		for (int round = 0; round < 25; round++) {
			struct store *other = fake_store_new();
			struct store *first = store;
			AUTO_JSON found = NULL;
			AUTO_FREE char *text = NULL;

			for (size_t i = event_count - 1; i > 0; i--) {
				size_t j = (size_t)rand() % (i + 1);
				struct fake_event swap = events[i];

				events[i] = events[j];
				events[j] = swap;
			}
			for (size_t i = 0; i < event_count; i++) {
				fake_store_add(other, &events[i]);
				fake_store_add(other, &events[(size_t)rand() % (i + 1)]);
			}
			store = other;
			found = ask(reference);
			store = first;
			text = json_dumps(found, 0);
			assert_string_equal(text, expected_text);
			fake_store_free(other);
		}
	}
}

static void add_event(struct fake_event event)
{
	fake_store_add(store, &event);
}

static void a_shell_in_the_task_is_a_deed_and_the_alert_still_only_near(void **state)
{
	AUTO_JSON document = NULL;
	char id[ALERT_ID_MAX];

	(void)state;
	add_event(story_shell());
	document = ask_alert();
	assert_link(document, BADLUGO_ID, "opened_shell_in", TASK_ARN, "performed");
	assert_link(document, story_alert(id), "near", BADLUGO_ID, "association");
	assert_string_equal(json_text(find_link(document, id, "near", BADLUGO_ID), "raises"),
			    "already seen: badlugo opened shell in task 1dddc34c");
	assert_non_null(find_entry(document, "badlugo opened shell in task 1dddc34c"));
}

static const json_t *verdict_with(const json_t *document, const char *part)
{
	const json_t *verdict = json_object_get(document, "verdict");

	for (size_t i = 0; i < json_array_size(verdict); i++) {
		const json_t *sentence = json_array_get(verdict, i);

		if (strstr(json_text(sentence, "text"), part))
			return sentence;
	}
	return NULL;
}

static void who_opened_the_shell_that_an_alert_fired_in_is_told_for_sure(void **state)
{
	struct fake_event fired = story_session_alert(), session = story_session();
	AUTO_JSON document = NULL;
	AUTO_JSON other = NULL;
	char id[ALERT_ID_MAX];
	const json_t *sentence;

	(void)state;
	alert_id(fired.event_id, fired.event.alerts->rule, fired.event.alerts->rule_version, id);
	/* the alert first, the record minutes later */
	fake_store_add(store, &fired);
	document = ask(id);
	assert_null(verdict_with(document, "was in the container"));
	assert_link(document, id, "near", BADLUGO_ID, "association");
	json_decref(TAKE(document));
	fake_store_add(store, &session);
	document = ask(id);
	assert_link(document, BADLUGO_ID, "opened", "ecs-execute-command-0dfcb1f8c2e47585a", "performed");
	assert_link(document, id, "fired_in", "ecs-execute-command-0dfcb1f8c2e47585a", "identity");
	sentence = json_array_get(json_object_get(document, "verdict"), 0);
	assert_string_equal(json_text(sentence, "text"),
			    "badlugo was in the container: opened ECS Exec session "
			    "ecs-execute-command-0dfcb1f8c2e47585a, and \"Write below binary dir\" fired in it");
	assert_string_equal(json_text(sentence, "strength"), "performed");
	assert_null(find_link(document, id, "near", BADLUGO_ID));
	/* the other alert, outside of the session, is still only near */
	other = ask_alert();
	assert_link(other, story_alert(id), "near", BADLUGO_ID, "association");
}

static void starting_the_trail_again_closes_the_gap(void **state)
{
	AUTO_JSON document = NULL;
	const json_t *gap;

	(void)state;
	add_event(story_start_logging());
	document = ask_alert();
	gap = json_array_get(json_object_get(document, "gaps"), 0);
	assert_string_equal(json_text(gap, "until"), "2021-06-01T12:33:20Z");
	assert_true(json_is_true(json_object_get(gap, "closed")));
}

static void what_a_sender_lost_is_a_gap_that_says_how_much(void **state)
{
	const struct loss_row loss = { .mode = ORIGIN_TASK,
				       .agent = "1dddc34c",
				       .kind = LOSS_DECLARED,
				       .reason = "ring-full",
				       .count = 12,
				       .since = INT64_C(1622550000) * NS_PER_S,
				       .until = INT64_C(1622550005) * NS_PER_S };
	AUTO_JSON document = NULL;
	const json_t *gap;

	(void)state;
	fake_store_lose(store, &loss);
	document = ask_alert();
	gap = json_array_get(json_object_get(document, "gaps"), 1);
	assert_string_equal(json_text(gap, "source"), "agent 1dddc34c");
	assert_string_equal(json_text(gap, "from"), "2021-06-01T12:20:00Z");
	assert_string_equal(json_text(gap, "until"), "2021-06-01T12:20:05Z");
	assert_string_equal(json_text(gap, "reason"), "12 events were lost: ring-full");
	assert_true(json_is_true(json_object_get(gap, "closed")));
	assert_int_equal(json_integer_value(json_object_get(gap, "lost")), 12);
	assert_string_equal(json_text(find_entry(document, "12 events were lost"), "lane"), "workload");
}

static void missing_batches_and_lost_spools_are_told_in_words(void **state)
{
	struct loss_row loss = { .mode = ORIGIN_HOST,
				 .agent = "web-1",
				 .kind = LOSS_BATCHES,
				 .reason = "",
				 .count = 1,
				 .since = INT64_C(1622550000) * NS_PER_S,
				 .until = INT64_C(1622550005) * NS_PER_S };
	AUTO_JSON document = NULL;

	(void)state;
	fake_store_lose(store, &loss);
	document = ask_alert();
	assert_non_null(find_entry(document, "1 batch of agent web-1 never arrived"));
	json_decref(document);
	loss.kind = LOSS_SPOOL;
	fake_store_lose(store, &loss);
	document = ask_alert();
	assert_non_null(find_entry(document, "the spool of agent web-1 was lost"));
}

static void an_alert_on_a_host_stands_alone(void **state)
{
	struct fake_event event = story_host_alert();
	AUTO_JSON document = NULL;
	AUTO_FREE char *text = NULL;
	char id[ALERT_ID_MAX];

	(void)state;
	add_event(event);
	alert_id(event.event_id, event.event.alerts[0].rule, event.event.alerts[0].rule_version, id);
	document = ask(id);
	text = json_dumps(document, 0);
	assert_link(document, id, "fired_on", "build-7", "identity");
	assert_null(strstr(text, BADLUGO_ID));
	assert_non_null(strstr(text, "nobody is seen acting on host build-7"));
	json_decref(document);
	document = ask("host/build-7");
	assert_true(has_alert(document, "Write below binary dir"));
}

static void an_attempt_whose_result_nobody_saw_is_not_told_as_done(void **state)
{
	struct fake_event event = story_host_alert();
	struct file_change file = *event.event.file;
	AUTO_JSON document = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	file.is_result_unknown = true;
	event.event.file = &file;
	add_event(event);
	document = ask("host/build-7");
	text = json_dumps(json_object_get(document, "timeline"), 0);
	assert_non_null(strstr(text, "tried to create"));
	assert_non_null(strstr(text, "result not seen"));
}

static void an_event_and_the_first_digits_of_an_alert_are_references_too(void **state)
{
	char uuid[64], id[ALERT_ID_MAX];
	AUTO_JSON by_prefix = NULL;
	AUTO_JSON by_event = NULL;

	(void)state;
	for (size_t i = 0; i < event_count; i++) {
		const uint8_t *e = events[i].event_id;

		if (events[i].event.cloud == NULL || strcmp(events[i].event.type, "DeleteTrail") != 0)
			continue;
		snprintf(uuid, sizeof(uuid), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7], e[8], e[9], e[10], e[11], e[12], e[13],
			 e[14], e[15]);
	}
	by_event = ask(uuid);
	assert_string_equal(json_text(json_object_get(by_event, "subject"), "title"), "CloudTrail trail deleted");
	story_alert(id);
	id[11] = '\0';
	by_prefix = ask(id);
	assert_string_equal(json_text(by_prefix, "reference"), story_alert(id));
}

static void the_window_leaves_out_what_lies_outside(void **state)
{
	char id[ALERT_ID_MAX];
	struct investigate_query query = { .reference = story_alert(id), .window_ns = INT64_C(120) * 1000000000 };
	AUTO_JSON document = NULL;

	(void)state;
	assert_int_equal(investigate(store, 1, &query, &document, NULL, NULL), 0);
	assert_false(has_alert(document, "ECS cluster deleted"));
	assert_null(find_link(document, BADLUGO_ID, "deleted", CLUSTER_ARN));
	assert_non_null(find_entry(document, "touch created"));
}

static size_t size_of(const json_t *document, const char *member)
{
	return json_array_size(json_object_get(document, member));
}

static void a_flood_is_cut_said_to_be_and_hides_nobody(void **state)
{
	AUTO_JSON document = NULL;
	AUTO_ARENA arena;
	char id[ALERT_ID_MAX];

	(void)state;
	arena_init(&arena, 64u << 20);
	for (int i = 0; i < 1500; i++) {
		const struct fake_event added[] = { story_stop_task(&arena, i), story_more_alert(&arena, i),
						    story_neighbour_alert(&arena, i) };

		for (size_t j = 0; j < (i < 400 ? ARRAY_SIZE(added) : 1); j++)
			fake_store_add(store, &added[j]);
	}
	document = ask_alert();
	story_alert(id);
	assert_link(document, id, "near", BADLUGO_ID, "association");
	assert_link(document, BADLUGO_ID, "deleted", CLUSTER_ARN, "performed");
	assert_link(document, BOT_ID, "tried_to_delete", CLUSTER_ARN, "attempted");
	assert_true(size_of(document, "entities") <= 400 && size_of(document, "links") <= 300);
	assert_true(size_of(document, "timeline") <= 500 && size_of(document, "alerts") <= 200);
	assert_non_null(strstr(json_text(document, "cut"), "entities were left out"));
	assert_non_null(strstr(json_text(document, "cut"), "timeline were left out"));
}

static void thousands_of_alerts_do_not_hide_who_deleted_the_cluster(void **state)
{
	AUTO_JSON document = NULL;
	AUTO_ARENA arena;

	(void)state;
	arena_init(&arena, 1u << 20);
	for (int i = 0; i < 4500; i++)
		add_event(story_more_alert(&arena, i));
	document = ask_alert();
	assert_non_null(strstr(json_text(document, "cut"), "assertions in the window"));
	assert_link(document, BADLUGO_ID, "deleted", CLUSTER_ARN, "performed");
	assert_link(document, BOT_ID, "tried_to_delete", CLUSTER_ARN, "attempted");
}

static void hostile_bytes_leave_the_document_valid(void **state)
{
	AUTO_JSON document = ask_alert();
	AUTO_FREE char *text = json_dumps(document, JSON_ENSURE_ASCII);
	AUTO_JSON again = NULL;

	(void)state;
	assert_non_null(text);
	assert_int_equal(json_parse("document", text, strlen(text), &again, NULL), 0);
	assert_true(json_equal(document, again));
	if (getenv("CLEWLINE_SHOW") != NULL)
		json_dumpf(document, stdout, JSON_INDENT(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(an_alert_leads_to_its_task_its_cluster_who_deleted_it_and_the_trail),
		TEST(a_sign_in_recorded_in_another_region_is_found),
		TEST(an_association_is_bounded_says_so_and_is_no_cause),
		TEST(a_refused_deletion_is_only_attempted),
		TEST(names_that_look_alike_are_not_linked),
		TEST(a_shared_address_is_shown_but_not_passed_through),
		TEST(deleting_the_trail_opens_a_gap_that_lasts),
		TEST(the_scan_of_the_image_stands_in_the_timeline_and_in_its_facts),
		TEST(what_happened_in_the_same_second_is_of_uncertain_order),
		TEST(the_process_tree_shows_the_alerted_process_below_its_parent),
		TEST(reading_calls_are_counted_but_not_shown),
		TEST(every_reference_leads_to_both_worlds),
		TEST(a_name_that_means_two_clusters_is_refused_with_both),
		TEST(what_is_not_known_or_has_no_shape_is_refused),
		TEST(order_and_repetition_of_events_do_not_change_a_byte),
		TEST(a_shell_in_the_task_is_a_deed_and_the_alert_still_only_near),
		TEST(who_opened_the_shell_that_an_alert_fired_in_is_told_for_sure),
		TEST(starting_the_trail_again_closes_the_gap),
		TEST(what_a_sender_lost_is_a_gap_that_says_how_much),
		TEST(missing_batches_and_lost_spools_are_told_in_words),
		TEST(an_alert_on_a_host_stands_alone),
		TEST(an_attempt_whose_result_nobody_saw_is_not_told_as_done),
		TEST(an_event_and_the_first_digits_of_an_alert_are_references_too),
		TEST(the_window_leaves_out_what_lies_outside),
		TEST(a_flood_is_cut_said_to_be_and_hides_nobody),
		TEST(thousands_of_alerts_do_not_hide_who_deleted_the_cluster),
		TEST(hostile_bytes_leave_the_document_valid),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
