/* Which batches a writer takes together. A batch is told by its stream's letter and its number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/intake/waiting.h"

#define BATCHES_MAX 300

struct scene {
	struct waiting waiting;
	struct batch batches[BATCHES_MAX];
	struct batch_rows rows[BATCHES_MAX];
	struct pending pending[BATCHES_MAX];
	size_t count;
};

static void add(struct scene *scene, char stream, int64_t tenant, size_t events)
{
	size_t i = scene->count++;

	assert_true(i < BATCHES_MAX);
	scene->batches[i] = (struct batch){ .batch_no = 1, .event_count = events };
	memset(scene->batches[i].stream_id, stream, STREAM_ID_SIZE);
	for (size_t j = 0; j < i; j++)
		scene->batches[i].batch_no += scene->batches[j].stream_id[0] == (uint8_t)stream;
	scene->rows[i] = (struct batch_rows){ .batch = &scene->batches[i], .tenant = tenant };
	scene->pending[i].rows = &scene->rows[i];
	waiting_add(&scene->waiting, &scene->pending[i]);
}

/* A letter for each stream, its batches one after the other. */
static void set_up(struct scene *scene, const char *streams, size_t events)
{
	memset(scene, 0, sizeof(*scene));
	waiting_init(&scene->waiting);
	for (const char *stream = streams; *stream; stream++)
		add(scene, *stream, 1, events);
}

static void take(struct scene *scene, const struct taken *other, struct taken *taken, const char *expected)
{
	const struct taken *others[] = { other };
	char text[4 * GROUP_BATCHES_MAX] = "";

	waiting_take(&scene->waiting, others, other ? 1 : 0, taken);
	for (size_t i = 0; i < taken->count; i++) {
		assert_ptr_equal(taken->rows[i], taken->pending[i]->rows);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%c%d", i ? " " : "",
			 taken->rows[i]->batch->stream_id[0], (int)taken->rows[i]->batch->batch_no);
	}
	assert_string_equal(text, expected);
}

static void a_stream_is_taken_whole_the_one_that_waited_longest_first(void **state UNUSED)
{
	struct scene scene;
	struct taken taken;

	set_up(&scene, "abcabcab", 1000);
	take(&scene, NULL, &taken, "a1 a2 a3 b1 b2");
	take(&scene, NULL, &taken, "c1 c2 b3");
	take(&scene, NULL, &taken, "");
	add(&scene, 'd', 1, 1);
	take(&scene, NULL, &taken, "d1");
}

static void what_another_writes_waits_while_there_is_anything_else(void **state UNUSED)
{
	struct taken one = { 0 }, two = { 0 };
	struct scene scene;

	set_up(&scene, "aaaaaabcb", 1000);
	take(&scene, &two, &one, "a1 a2 a3 a4 a5");
	take(&scene, &one, &two, "b1 b2 c1");
	/* nothing else: better two at one stream than one that does nothing */
	two.count = 0;
	take(&scene, &one, &two, "a6");
	take(&scene, &two, &one, "");
}

static void a_group_is_of_one_tenant_and_streams_of_one_name_are_two(void **state UNUSED)
{
	struct scene scene;
	struct taken one, two;

	set_up(&scene, "a", 10);
	add(&scene, 'a', 2, 10);
	add(&scene, 'b', 1, 10);
	take(&scene, NULL, &one, "a1 b1");
	take(&scene, &one, &two, "a2");
	assert_int_equal(two.rows[0]->tenant, 2);
}

static void a_group_has_so_many_events_and_batches_and_no_more(void **state UNUSED)
{
	struct scene scene;
	struct taken taken;

	set_up(&scene, "ab", GROUP_EVENTS_MAX);
	take(&scene, NULL, &taken, "a1");
	set_up(&scene, "ab", GROUP_EVENTS_MAX - 1);
	take(&scene, NULL, &taken, "a1 b1");
	set_up(&scene, "", 0);
	for (size_t i = 0; i <= GROUP_BATCHES_MAX; i++)
		add(&scene, (char)('a' + i % 2), 1, 0);
	waiting_take(&scene.waiting, NULL, 0, &taken);
	assert_int_equal(taken.count, GROUP_BATCHES_MAX);
	waiting_take(&scene.waiting, NULL, 0, &taken);
	assert_int_equal(taken.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_taken_whole_the_one_that_waited_longest_first),
		cmocka_unit_test(what_another_writes_waits_while_there_is_anything_else),
		cmocka_unit_test(a_group_is_of_one_tenant_and_streams_of_one_name_are_two),
		cmocka_unit_test(a_group_has_so_many_events_and_batches_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
