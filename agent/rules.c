#include "agent/rules.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/follow.h"
#include "agent/reload.h"
#include "base/log.h"

/*
 * A rule that can never hold must not look as if it watched. Of the built-in rules the help says it; a line at every start
 * would only teach people not to read.
 */
static void warn_of_reads(const struct agent *agent)
{
	struct rule_info rule;
	size_t first, count;

	if (agent->reads || agent->tier == TIER_FULL || !agent->conf->rules.count ||
	    !wants_reads(agent->detection->rules, &first, &count))
		return;
	ruleset_info(agent->detection->rules, first, &rule);
	log_warn("reads-not-seen",
		 "%zu rules, such as \"%s\", look at files opened for reading, which are seen with --reads only",
		 count, rule.name);
}

/* Who wrote such a policy counts on it. */
static void warn_of_refusals(const struct agent *agent)
{
	const struct policies *policies = agent->detection->policies;
	struct policy_info policy;

	for (size_t i = 0; policies && !agent->conf->responds && i < policies_count(policies); i++) {
		policies_info(policies, i, &policy);
		if (!policy.enabled || !(policy.actions & ACTIONS_RESPONDING))
			continue;
		log_warn("respond-off", "policy \"%s\" asks for more than to tell, which is done with --respond only",
			 policy.name);
	}
}

/* Who gives rules for one command wants them to hold; a task or a host pays for every read of everything on it. */
static bool asks_for_reads(const struct agent *agent, enum origin_mode mode)
{
	size_t first, count;

	return agent->conf->reads || (mode == ORIGIN_RUN && agent->conf->rules.count &&
				      wants_reads(agent->detection->rules, &first, &count));
}

static void wake(void *context)
{
	const struct agent *agent = context;

	pthread_kill(agent->thread, FOLLOW_RENEW);
}

/* A host's sensor is asked ten times a second anyway, and does not wait for signals. */
static int open_reload(struct agent *agent, const struct detection_conf *detection,
		       const struct watched_conf *watched, enum origin_mode mode, struct err *err)
{
	struct reload_conf conf = { *detection, *watched, mode != ORIGIN_RUN, mode == ORIGIN_HOST ? NULL : wake,
				    agent };

	agent->thread = pthread_self();
	if (reload_open(&conf, &agent->reload, err) < 0)
		return err->code;
	if (reload_unwatched(agent->reload))
		log_warn("rules-not-watched", "changes of \"%s\" are not noticed; SIGHUP reads the rules again",
			 reload_unwatched(agent->reload));
	return 0;
}

int agent_rules_open(struct agent *agent, enum origin_mode mode, struct err *err)
{
	AUTO_STRBUF problems = STRBUF_INIT;
	const struct agent_conf *conf = agent->conf;
	const struct detection_conf detection = {
		"syscall",    conf->rules.items, conf->rules.count, conf->policies.items, conf->policies.count,
		&conf->choice
	};
	const struct watched_conf watched = { conf->watch.items, conf->watch.count, conf->baseline };
	int code = detection_load(&detection, &agent->detection, &problems, err);

	fputs(problems.data, stderr);
	if (code == ERR_SYNTAX)
		return err_set(err, ERR_SYNTAX, "the rules have errors, listed above");
	if (code == 0)
		code = watched_load(&watched, &agent->watched, err);
	if (code < 0)
		return code;
	agent->reads = asks_for_reads(agent, mode);
	warn_of_reads(agent);
	warn_of_refusals(agent);
	return open_reload(agent, &detection, &watched, mode, err);
}

/* What counted before, until no event is under way that began then. */
struct retired {
	struct detection *detection; /* or NULL */
	struct watched *watched;     /* or NULL */
	uint64_t epoch;		     /* of the pipeline: the last in which it counted */
	struct retired *next;
};

/* An event that is under way goes on with the rules that it began with. */
static void retire(struct agent *agent, struct detection *detection, struct watched *watched)
{
	struct retired *retired = calloc(1, sizeof(*retired));

	/* Without memory for the note it stays for ever: who looks at it must not find it freed. */
	if (!retired)
		return;
	*retired = (struct retired){ detection, watched, pipeline_epoch(agent->pipeline) - 1, agent->retired };
	agent->retired = retired;
}

static void free_retired(struct agent *agent, bool all)
{
	for (struct retired **at = &agent->retired; *at;) {
		struct retired *retired = *at;

		if (!all && !pipeline_has_left(agent->pipeline, retired->epoch)) {
			at = &retired->next;
			continue;
		}
		*at = retired->next;
		detection_free(retired->detection);
		watched_free(retired->watched);
		free(retired);
	}
}

void agent_rules_close(struct agent *agent)
{
	reload_close(agent->reload);
	free_retired(agent, true);
	detection_free(agent->detection);
	watched_free(agent->watched);
	agent->reload = NULL;
	agent->detection = NULL;
	agent->watched = NULL;
}

void agent_rules_sensed(struct agent *agent, bool is_first)
{
	struct sensor_wants wants;

	agent_wants(agent, &wants);
	for (int call = 0; call < SENSOR_CALL_COUNT; call++) {
		agent->sensed.calls[call] = wants.calls[call] && (is_first || agent->sensed.calls[call]);
		agent->sensed.untested[call] = wants.untested[call] && (is_first || agent->sensed.untested[call]);
	}
}

void agent_rules_warn(struct agent *agent, const char *remedy)
{
	AUTO_STRBUF names = STRBUF_INIT;
	struct sensor_wants wants;

	agent_wants(agent, &wants);
	for (int call = 0; call < SENSOR_CALL_COUNT; call++) {
		if ((wants.calls[call] && !agent->sensed.calls[call]) ||
		    (wants.untested[call] && !agent->sensed.untested[call]))
			strbuf_addf(&names, "%s%s", names.length ? ", " : "",
				    sensor_call_name((enum sensor_call)call));
	}
	if (names.length)
		log_warn("calls-not-seen", "calls that the rules of now look at are not seen %s: %s", remedy,
			 names.data);
}

static void say_unchanged(const struct agent *agent, bool is_asked)
{
	if (is_asked)
		log_info("rules-unchanged", "%zu rules, version %s: nothing has changed", agent->detection->active,
			 agent->detection->version);
}

/* True if other files are watched now, or the same ones against another baseline. */
static bool renew_watched(struct agent *agent, struct watched *found)
{
	struct watched *former = agent->watched;

	if (watched_is_same(found, former)) {
		watched_free(found);
		return false;
	}
	agent->watched = found;
	pipeline_use_watched(agent->pipeline, found->sets, found->baseline);
	log_info("watched-loaded", "%zu sets of files are watched from here on, %zu files are approved",
		 watch_sets_count(found->sets), found->baseline ? baseline_count(found->baseline) : 0);
	retire(agent, NULL, former);
	return true;
}

bool agent_rules_renew(struct agent *agent)
{
	struct detection *former = agent->detection;
	struct reload_result result;
	bool has_other_files;

	free_retired(agent, false);
	if (!agent->reload || !reload_take(agent->reload, &result))
		return false;
	if (!result.detection) {
		log_error("rules-not-loaded", "%s; the %zu rules of before stay, version %s", result.problem.message,
			  former->active, former->version);
		return false;
	}
	has_other_files = renew_watched(agent, result.watched);
	if (strcmp(result.detection->version, former->version) == 0) {
		say_unchanged(agent, result.is_asked && !has_other_files);
		detection_free(result.detection);
		return false;
	}
	agent->detection = result.detection;
	agent->has_wants = false;
	pipeline_use_rules(agent->pipeline, agent->detection->rules, agent->detection->policies);
	log_info("rules-loaded", "%zu rules count from here on, version %s; before it were %zu, version %s",
		 agent->detection->active, agent->detection->version, former->active, former->version);
	retire(agent, former, NULL);
	warn_of_reads(agent);
	warn_of_refusals(agent);
	return true;
}
