#include "cloudtrail/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloudrecord/fields.h"
#include "base/log.h"
#include "detection/detection.h"

#define HOSTNAME_MAX 256

struct detect {
	struct detect_conf conf;
	struct detection *detection;
	uint64_t number; /* of the record, from 1 */
	char hostname[HOSTNAME_MAX];
};

static int load(const struct detect_conf *conf, struct detection **ret, struct strbuf *problems, struct err *err)
{
	const struct detection_conf detection = { CLOUDTRAIL_SOURCE,	 conf->rules->items,	conf->rules->count,
						  conf->policies->items, conf->policies->count, conf->choice };

	return detection_load(&detection, ret, problems, err);
}

int detect_open(const struct detect_conf *conf, struct detect **ret, struct err *err)
{
	AUTO_DETECT detect = calloc(1, sizeof(*detect));
	AUTO_STRBUF problems = STRBUF_INIT;
	int code;

	if (!detect)
		return err_set(err, ERR_MEMORY, "out of memory");
	detect->conf = *conf;
	if (gethostname(detect->hostname, sizeof(detect->hostname) - 1) < 0)
		strcpy(detect->hostname, "localhost");
	code = load(conf, &detect->detection, &problems, err);
	fputs(problems.data, stderr);
	if (code < 0)
		return err_wrap(err, code == ERR_SYNTAX ? "the rules have errors" : "could not load rules");
	*ret = TAKE(detect);
	return 0;
}

void detect_renew(struct detect *detect)
{
	struct detection *former = detect->detection, *next;
	struct err err = { 0 };

	if (load(&detect->conf, &next, NULL, &err) < 0) {
		log_error("rules-not-loaded", "%s; the %zu rules of before stay, version %s", err.message,
			  former->active, former->version);
		return;
	}
	log_info("rules-loaded", "%zu rules count from here on, version %s; before it were %zu, version %s",
		 next->active, next->version, former->active, former->version);
	detect->detection = next;
	detection_free(former);
}

void detect_close(struct detect *detect)
{
	if (!detect)
		return;
	detection_free(detect->detection);
	free(detect);
}

void detect_close_pointer(struct detect **detect)
{
	detect_close(*detect);
	*detect = NULL;
}

const char *detect_hostname(const struct detect *detect)
{
	return detect->hostname;
}

/* Rules that held on the record, and count there. */
struct held {
	const struct detection *detection;
	const struct field_reader *reader;
	struct arena *arena;
	size_t rules[RECORD_ALERTS_MAX];
	struct policy_verdict verdicts[RECORD_ALERTS_MAX];
	size_t count;
};

static void note_rule(void *context, size_t rule)
{
	struct held *held = context;

	if (held->count == RECORD_ALERTS_MAX ||
	    !policies_admit(held->detection->policies, rule, held->reader, held->arena, &held->verdicts[held->count]))
		return;
	held->rules[held->count++] = rule;
}

static int make_alert(const struct held *held, size_t index, struct alert *ret, struct err *err)
{
	const struct policy_verdict *verdict = &held->verdicts[index];
	int code = ruleset_alert(held->detection->rules, held->rules[index], held->reader, held->arena, ret, err);

	if (code < 0)
		return code;
	ret->policies = verdict->names;
	ret->policy_count = verdict->count;
	ret->severity = verdict->severity;
	return 0;
}

int detect_record(struct detect *detect, const struct record *record, struct arena *arena, struct alert **ret,
		  struct err *err)
{
	struct fields fields = {
		.record = record, .arena = arena, .number = ++detect->number, .hostname = detect->hostname
	};
	struct field_reader reader = fields_reader(&fields);
	struct held held;

	held.detection = detect->detection;
	held.reader = &reader;
	held.arena = arena;
	held.count = 0;
	*ret = NULL;
	ruleset_match(detect->detection->rules, CLOUDTRAIL_SOURCE, record->name, &reader, note_rule, &held);
	if (!held.count)
		return 0;
	*ret = arena_array(arena, struct alert, held.count);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < held.count; i++) {
		if (make_alert(&held, i, &(*ret)[i], err) < 0)
			return err->code;
	}
	return (int)held.count;
}
