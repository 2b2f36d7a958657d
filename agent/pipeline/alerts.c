#include "agent/pipeline/alerts.h"

#include "base/log.h"

bool alerts_ask_for_kill(const struct pipeline_conf *conf)
{
	unsigned int actions = 0;

	for (size_t i = 0; conf->responder && conf->policies && conf->rules && i < ruleset_count(conf->rules); i++)
		actions |= policies_actions(conf->policies, i);
	return actions & ACTION_BIT(ACTION_KILL);
}

void alerts_add(void *context, size_t rule)
{
	struct passage *passage = context;
	struct pipeline *pipeline = passage->pipeline;
	struct alert *alert;
	struct workspace *workspace = passage->workspace;
	struct policy_verdict verdict = { 0 };
	struct err err = { 0 };

	if (workspace->policies &&
	    !policies_admit(workspace->policies, rule, &passage->reader, &workspace->arena, &verdict))
		return;
	if (!passage->alerts) {
		passage->wanted = arena_array(&workspace->arena, unsigned int, ALERTS_MAX);
		passage->alerts = passage->wanted ? arena_array(&workspace->arena, struct alert, ALERTS_MAX) : NULL;
	}
	alert = passage->alerts ? &passage->alerts[passage->alert_count] : NULL;
	if (!alert || passage->alert_count == ALERTS_MAX ||
	    ruleset_alert(workspace->rules, rule, &passage->reader, &workspace->arena, alert, &err) < 0) {
		pipeline_lose(pipeline, LOST_ALERT);
		return;
	}
	alert->policies = verdict.names;
	alert->policy_count = verdict.count;
	alert->severity = verdict.severity;
	passage->wanted[passage->alert_count] = verdict.actions & ACTIONS_RESPONDING;
	passage->actions |= passage->wanted[passage->alert_count];
	passage->alert_count++;
	pipeline->stats.alerts++;
}

static struct respond_order order_of(const struct passage *passage, unsigned int actions)
{
	return (struct respond_order){ .actions = actions,
				       .event = passage->view.event,
				       .execution = passage->view.process,
				       .processes = passage->pipeline->processes,
				       .is_before = passage->is_before };
}

/* Those of an event's responses that one alert has asked for. */
static void give_responses(struct passage *passage, size_t number, size_t count)
{
	struct response *own = arena_array(&passage->workspace->arena, struct response, RESPONSES_MAX);
	struct alert *alert = &passage->alerts[number];

	for (size_t i = 0; own && i < count; i++) {
		if (passage->wanted[number] & ACTION_BIT(passage->responses[i].action))
			own[alert->response_count++] = passage->responses[i];
	}
	alert->responses = own;
}

/* Each action once an event, however many rules ask for it. */
static void respond(struct passage *passage)
{
	const struct respond_order order = order_of(passage, passage->actions);
	struct pipeline *pipeline = passage->pipeline;
	size_t count;

	if (!passage->actions || !pipeline->conf.responder)
		return;
	count = responder_act(pipeline->conf.responder, &order, &passage->workspace->arena, passage->responses);
	for (size_t i = 0; i < count; i++) {
		const struct response *response = &passage->responses[i];

		/* What is refused stands with the alert; a policy that nobody allows must not fill the log. */
		if (response->outcome != OUTCOME_REFUSED)
			log_warn("responded", "%s %s: %s", action_name(response->action),
				 outcome_name(response->outcome), response->detail);
	}
	for (size_t i = 0; i < passage->alert_count; i++)
		give_responses(passage, i, count);
}

/* What is done about it comes first: printing takes its time. */
void alerts_settle(struct passage *passage)
{
	const struct pipeline_conf *conf = &passage->pipeline->conf;

	respond(passage);
	for (size_t i = 0; i < passage->alert_count && conf->on_alert; i++)
		conf->on_alert(conf->on_alert_context, &passage->alerts[i], passage->view.event->time_ns);
}

static void note_rule(void *context, size_t rule)
{
	struct passage *passage = context;

	if (passage->rules && passage->rule_count < ALERTS_MAX)
		passage->rules[passage->rule_count++] = rule;
}

/* True if a policy wants the process killed for a rule that holds whatever the call's result would be. */
static bool is_doomed(struct passage *passage, const struct partial_event *partial)
{
	const struct respond_order order = order_of(passage, ACTION_BIT(ACTION_KILL));
	struct pipeline *pipeline = passage->pipeline;
	struct workspace *workspace = passage->workspace;
	struct policy_verdict verdict;

	if (!workspace->rules || !workspace->policies || !pipeline->may_kill ||
	    !responder_may_kill(pipeline->conf.responder, &order))
		return false;
	passage->rules = arena_array(&workspace->arena, size_t, ALERTS_MAX);
	ruleset_match_surely(workspace->rules, "syscall", partial, note_rule, passage);
	for (size_t i = 0; i < passage->rule_count; i++) {
		if (policies_actions(workspace->policies, passage->rules[i]) & ACTION_BIT(ACTION_KILL) &&
		    policies_admit(workspace->policies, passage->rules[i], &passage->reader, &workspace->arena,
				   &verdict) &&
		    verdict.actions & ACTION_BIT(ACTION_KILL))
			return true;
	}
	return false;
}

bool alerts_prevent(struct passage *passage, const struct partial_event *partial)
{
	if (!is_doomed(passage, partial))
		return false;
	passage->is_before = true;
	passage->pipeline->stats.events++;
	for (size_t i = 0; i < passage->rule_count; i++)
		alerts_add(passage, passage->rules[i]);
	alerts_settle(passage);
	if (passage->pipeline->conf.sender && passage->alert_count)
		passage_report(passage);
	for (size_t i = 0; i < RESPONSES_MAX; i++) {
		if (passage->responses[i].action == ACTION_KILL)
			return passage->responses[i].outcome == OUTCOME_DONE;
	}
	return false;
}
