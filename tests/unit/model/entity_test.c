#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/time.h"
#include "model/entity.h"

static void the_same_kind_and_key_give_the_same_id(void **state)
{
	(void)state;
	assert_int_equal(entity_id(ENTITY_USER, "AIDAEXAMPLE"), entity_id(ENTITY_USER, "AIDAEXAMPLE"));
	assert_true(entity_id(ENTITY_USER, "AIDAEXAMPLE") > 0);
}

static void the_kind_is_part_of_the_id(void **state)
{
	(void)state;
	assert_int_not_equal(entity_id(ENTITY_USER, "x"), entity_id(ENTITY_ROLE, "x"));
	assert_int_not_equal(entity_id(ENTITY_USER, "x"), entity_id(ENTITY_USER, "y"));
}

static void a_key_longer_than_the_buffer_still_counts_to_its_last_byte(void **state)
{
	char one[20000], two[20000];

	(void)state;
	memset(one, 'a', sizeof(one) - 1);
	one[sizeof(one) - 1] = '\0';
	memcpy(two, one, sizeof(two));
	two[sizeof(two) - 2] = 'b';
	assert_int_not_equal(entity_id(ENTITY_FILE, one), entity_id(ENTITY_FILE, two));
}

static void an_event_id_is_a_version_8_uuid_that_sorts_by_time(void **state)
{
	uint8_t early[EVENT_ID_SIZE], late[EVENT_ID_SIZE];

	(void)state;
	event_id(1000 * NS_PER_S, "agent", "1", 1, early);
	event_id(1001 * NS_PER_S, "agent", "1", 1, late);
	assert_true(memcmp(early, late, EVENT_ID_SIZE) < 0);
	assert_int_equal(early[6] >> 4, 8);
	assert_int_equal(early[8] >> 6, 2);
}

static void an_event_id_depends_on_source_and_own_id(void **state)
{
	uint8_t one[EVENT_ID_SIZE], other[EVENT_ID_SIZE];

	(void)state;
	event_id(NS_PER_S, "agent", "1", 1, one);
	event_id(NS_PER_S, "cloudtrail", "1", 1, other);
	assert_memory_not_equal(one, other, EVENT_ID_SIZE);
	event_id(NS_PER_S, "agent", "2", 1, other);
	assert_memory_not_equal(one, other, EVENT_ID_SIZE);
	event_id(NS_PER_S, "agent", "1", 1, other);
	assert_memory_equal(one, other, EVENT_ID_SIZE);
}

static void an_alert_id_names_event_rule_and_version(void **state)
{
	uint8_t event[EVENT_ID_SIZE] = { 1 };
	char one[ALERT_ID_MAX], other[ALERT_ID_MAX];

	(void)state;
	alert_id(event, "rule", "v1", one);
	assert_int_equal(strlen(one), 19);
	assert_memory_equal(one, "al_", 3);
	assert_string_not_equal(one, alert_id(event, "rule", "v2", other));
	assert_string_not_equal(one, alert_id(event, "other", "v1", other));
}

static void every_link_method_is_named_once_and_within_bounds(void **state)
{
	(void)state;
	for (int i = 0; i < LINK_METHOD_COUNT; i++) {
		assert_ptr_equal(link_method_find(link_methods[i].method), &link_methods[i]);
		assert_true(link_methods[i].confidence > 0 && link_methods[i].confidence <= 0.99);
		assert_true(link_methods[i].strength >= STRENGTH_IDENTITY &&
			    link_methods[i].strength <= STRENGTH_ASSOCIATION);
		assert_true(*link_methods[i].caveat);
	}
	assert_null(link_method_find("name-similarity"));
}

static void kinds_are_found_by_the_name_they_print(void **state)
{
	(void)state;
	for (int i = 0; i < ENTITY_KIND_COUNT; i++)
		assert_int_equal(entity_kind_find(entity_kind_name((enum entity_kind)i)), i);
	assert_int_equal(entity_kind_find("nothing"), -1);
}

static void priorities_are_found_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(priority_find("CRITICAL"), PRIORITY_CRITICAL);
	assert_int_equal(priority_find("info"), PRIORITY_INFORMATIONAL);
	assert_int_equal(priority_find("loud"), -1);
	assert_string_equal(priority_name(PRIORITY_WARNING), "Warning");
}

static void confidence_words_change_at_their_bounds(void **state)
{
	(void)state;
	assert_string_equal(confidence_word(0.95), "certain");
	assert_string_equal(confidence_word(0.949), "strong");
	assert_string_equal(confidence_word(0.80), "strong");
	assert_string_equal(confidence_word(0.60), "probable");
	assert_string_equal(confidence_word(0.30), "weak");
	assert_string_equal(confidence_word(0.299), "hidden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_kind_and_key_give_the_same_id),
		cmocka_unit_test(the_kind_is_part_of_the_id),
		cmocka_unit_test(a_key_longer_than_the_buffer_still_counts_to_its_last_byte),
		cmocka_unit_test(an_event_id_is_a_version_8_uuid_that_sorts_by_time),
		cmocka_unit_test(an_event_id_depends_on_source_and_own_id),
		cmocka_unit_test(an_alert_id_names_event_rule_and_version),
		cmocka_unit_test(every_link_method_is_named_once_and_within_bounds),
		cmocka_unit_test(kinds_are_found_by_the_name_they_print),
		cmocka_unit_test(priorities_are_found_in_any_case),
		cmocka_unit_test(confidence_words_change_at_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
