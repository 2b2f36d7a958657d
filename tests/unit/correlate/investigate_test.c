/* The story as it was, asked in many ways. */
#include "tests/unit/correlate/asked.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
