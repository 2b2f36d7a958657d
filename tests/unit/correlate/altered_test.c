/* The story with something more in it: other deeds, losses, floods, hostile bytes. */
#include "tests/unit/correlate/asked.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
