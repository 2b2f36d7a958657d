#include "agent/pipeline/wants.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/pipeline/activity.h"
#include "agent/pipeline/drift.h"
#include "agent/pipeline/view.h"
#include "agent/sensor/call_table.h"
#include "rules/partial.h"

#define SAMPLES_MAX 80 /* values of one argument that are tried */

/* A call made up of arguments alone: nobody has made it, so nothing of a process is known. */
struct sample {
	struct view view;
	struct view_found found;
	struct sensor_event event;
	struct sensor_socket socket;
	unsigned int known; /* the arguments that it is made of, ARG() of each; the others may be anything */
	struct arena arena;
};

#define ARG(number) (1u << (number)) /* counted from 1 */

/* Whether a parameter of that name depends on none but the known arguments. */
static bool is_param_known(const struct sample *sample, const char *name)
{
	for (const struct sensor_param *param = sensor_call_rows[sample->event.call].params; name && param->kind;
	     param++) {
		if (strcmp(param->name, name) == 0)
			return !param->arg || (sample->known & ARG(param->arg));
	}
	return false;
}

static bool sample_is_known(const void *context, enum field field, const char *argument)
{
	const struct view *view = context;
	const struct sample *sample = (const struct sample *)((uintptr_t)view - offsetof(struct sample, view));

	if (field_infos[field].flags & FIELD_PROCESS)
		return false;
	/* What dup2() and dup3() return, if they do, is the descriptor that was asked for. */
	if (field == FIELD_EVT_RAWRES)
		return sensor_call_in(view->event->call, SENSOR_DUP_CALLS) && view->event->call != SENSOR_DUP;
	if (field >= FIELD_FD_NAME && field <= FIELD_FD_RIP_NAME)
		return field == FIELD_FD_NAME_CHANGED ||
		       (sensor_call_in(view->event->call, SENSOR_OPEN_CALLS) && view_is_known(view, field, argument));
	if (field == FIELD_EVT_ARG || field == FIELD_EVT_RAWARG)
		return is_param_known(sample, argument) && view_is_known(view, field, argument);
	if (field == FIELD_EVT_IS_OPEN_READ || field == FIELD_EVT_IS_OPEN_WRITE || field == FIELD_EVT_IS_OPEN_EXEC)
		return view_is_known(view, field, argument);
	return false;
}

static bool sample_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct view *view = context;

	if (field == FIELD_EVT_RAWRES) {
		*ret = value_int((int)view->event->registers[1]);
		return true;
	}
	return view_read(view, field, argument, ret);
}

static void sample_set(struct sample *sample, enum sensor_call call, const uint64_t args[6])
{
	struct sensor_event *event = &sample->event;

	arena_reset(&sample->arena);
	sample->found = (struct view_found){ 0 };
	sample->socket = (struct sensor_socket){ .fd = -1 };
	*event = (struct sensor_event){ .call = call, .tid = -1, .pid = -1, .dirfd = AT_FDCWD, .dirfd2 = AT_FDCWD };
	event->flags = sensor_call_rows[call].fixed_flags;
	memcpy(event->registers, args, sizeof(event->registers));
	for (const struct sensor_param *param = sensor_call_rows[call].params; param->kind; param++) {
		if (param->arg && (param->kind == PARAM_OPEN_FLAGS || param->kind == PARAM_FLAGS))
			event->flags |= (uint32_t)args[param->arg - 1];
		if (param->arg && (param->kind == PARAM_OCTAL || param->kind == PARAM_MODE))
			event->mode |= (uint32_t)args[param->arg - 1];
	}
	if (sensor_call_in(call, SENSOR_NETWORK_CALLS))
		event->socket = &sample->socket;
	sample->view = (struct view){ .event = event, .arena = &sample->arena, .found = &sample->found };
}

/* Values of an argument on both sides of its test. */
static size_t sample_values(const struct sensor_test *test, uint64_t values[SAMPLES_MAX])
{
	size_t count = 0;

	switch (test->kind) {
	case TEST_ANY_BIT:
		values[count++] = 0;
		values[count++] = ~test->value;
		values[count++] = UINT32_MAX;
		break;
	case TEST_AT_MOST:
		values[count++] = 0;
		values[count++] = test->value + 1;
		values[count++] = 1000;
		break;
	case TEST_NOT:
		values[count++] = test->value;
		values[count++] = 0;
		break;
	case TEST_ONE_OF:
		while (count < 64) {
			values[count] = count;
			count++;
		}
		break;
	case TEST_SENSOR:
		values[count++] = 1;
		values[count++] = 1000000;
		break;
	case TEST_NOT_NULL:
	case TEST_NONE:
		values[count++] = 0;
		break;
	}
	return count;
}

static bool rule_holds_for(const struct ruleset *rules, struct sample *sample, enum sensor_call call,
			   const uint64_t args[6], unsigned int known)
{
	const struct field_reader reader = { sample_read, &sample->view };
	const struct partial_event event = { sensor_call_name(call), &reader, sample_is_known };

	sample_set(sample, call, args);
	sample->known = known;
	return ruleset_may_match(rules, "syscall", &event);
}

/* True if some rule may hold for a call whose arguments do not pass the tests of its row. */
static bool is_untested(const struct ruleset *rules, struct sample *sample, enum sensor_call call)
{
	const struct sensor_test *tests = sensor_call_rows[call].tests;
	uint64_t first[SAMPLES_MAX], second[SAMPLES_MAX];
	size_t firsts = sample_values(&tests[0], first), seconds = sample_values(&tests[1], second);

	for (size_t i = 0; i < firsts; i++) {
		uint64_t args[6] = { 0 };

		args[tests[0].arg - 1] = first[i];
		/* Two arguments have thousands of pairs, and most values of one tell that no rule holds. */
		if (tests[1].kind && !rule_holds_for(rules, sample, call, args, ARG(tests[0].arg)))
			continue;
		for (size_t k = 0; k < seconds; k++) {
			if (tests[1].kind)
				args[tests[1].arg - 1] = second[k];
			if (!sensor_tests_pass(call, args, (uint32_t)getpid()) &&
			    rule_holds_for(rules, sample, call, args, ARG(tests[0].arg) | ARG(tests[1].arg)))
				return true;
		}
	}
	return false;
}

/* Opens for reading are more than all the rest together: reads says whether they are wanted. */
static bool asks_for_tests(enum sensor_call call)
{
	return sensor_call_rows[call].tests[0].kind && !sensor_call_in(call, SENSOR_OPEN_CALLS);
}

void wants_of(const struct ruleset *rules, enum tier tier, bool delivers, struct sensor_wants *ret)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	bool is_drift_asked = drift_is_asked(rules);

	*ret = (struct sensor_wants){ .reads = tier == TIER_FULL,
				      .failed_execs = tier == TIER_FULL,
				      .new_files = delivers };
	if (sample)
		arena_init(&sample->arena, 1u << 20);
	for (int i = 0; tier != TIER_EVENTS && i < SENSOR_CALL_COUNT; i++) {
		enum sensor_call call = (enum sensor_call)i;
		bool is_ruled = rules && ruleset_wants(rules, "syscall", sensor_call_name(call));

		ret->calls[call] =
			is_ruled || (delivers && activity_wants(call, tier)) || (is_drift_asked && drift_wants(call));
		if (is_ruled && asks_for_tests(call))
			ret->untested[call] = !sample || is_untested(rules, sample, call);
	}
	if (sample)
		arena_fini(&sample->arena);
	free(sample);
}

bool wants_reads(const struct ruleset *rules, size_t *ret_first, size_t *ret_count)
{
	static const uint64_t args[6] = { 0 }; /* O_RDONLY, of a file */
	struct sample *sample = calloc(1, sizeof(*sample));
	const struct field_reader reader = { sample_read, sample ? &sample->view : NULL };
	const struct partial_event event = { sensor_call_name(SENSOR_OPENAT), &reader, sample_is_known };
	struct rule_info rule;

	*ret_count = 0;
	if (!sample)
		return false;
	arena_init(&sample->arena, 1u << 20);
	for (size_t i = 0; i < ruleset_count(rules); i++) {
		ruleset_info(rules, i, &rule);
		if (strcmp(rule.source, "syscall") != 0)
			continue;
		sample_set(sample, SENSOR_OPENAT, args);
		sample->known = ARG(3); /* the flags */
		if (ruleset_rule_may_match(rules, i, &event) && (*ret_count)++ == 0)
			*ret_first = i;
	}
	arena_fini(&sample->arena);
	free(sample);
	return *ret_count > 0;
}
