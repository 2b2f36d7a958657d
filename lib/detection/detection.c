#include "detection/detection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detection/pack.h"

static void print_diagnostics(const struct diagnostic *diagnostics, size_t count, struct strbuf *out)
{
	for (size_t i = 0; out && i < count; i++)
		diagnostic_format(&diagnostics[i], out);
}

static int add_files(struct detection *detection, const struct detection_conf *conf, struct err *err)
{
	if (conf->choice && rule_choice_apply(conf->choice, detection->rules, err) < 0)
		return err->code;
	if (!conf->rule_count && rulepack_add(detection->rules, conf->source, err) < 0)
		return err->code;
	for (size_t i = 0; i < conf->rule_count; i++) {
		if (ruleset_add_path(detection->rules, conf->rules[i], err) < 0)
			return err->code;
	}
	if (!conf->policy_count && rulepack_add_policies(detection->policies, err) < 0)
		return err->code;
	for (size_t i = 0; i < conf->policy_count; i++) {
		if (policies_add_path(detection->policies, conf->policies[i], err) < 0)
			return err->code;
	}
	return 0;
}

/* Rules that are wrong are no rules yet: policies that name them are not called wrong for that. */
static int compile(struct detection *detection, const struct detection_conf *conf, struct strbuf *problems,
		   struct err *err)
{
	const struct diagnostic *rows;
	size_t count;
	int code = ruleset_compile(detection->rules, err);

	if (code == 0)
		code = policies_bind(detection->policies, detection->rules, conf->source, err);
	rows = ruleset_diagnostics(detection->rules, &count);
	print_diagnostics(rows, count, problems);
	if (problems)
		rule_choice_unmatched(detection->rules, problems);
	rows = policies_diagnostics(detection->policies, &count);
	print_diagnostics(rows, count, problems);
	return code;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++);
	return hash;
}

static void set_version(struct detection *detection)
{
	uint64_t hash = policies_hash(detection->policies, UINT64_C(0xcbf29ce484222325));
	struct rule_info rule;

	for (size_t i = 0; i < ruleset_count(detection->rules); i++) {
		ruleset_info(detection->rules, i, &rule);
		hash = hash_text(hash, rule.name);
		hash = hash_text(hash, rule.version);
		hash = hash_text(hash, rule.source);
		hash = hash_text(hash, rule.enabled ? "on" : "off");
		for (size_t k = 0; k < rule.tag_count; k++)
			hash = hash_text(hash, rule.tags[k]);
		detection->active += rule.enabled;
	}
	detection->active -= policies_unused_rules(detection->policies);
	snprintf(detection->version, sizeof(detection->version), "%016" PRIx64, hash);
}

int detection_load(const struct detection_conf *conf, struct detection **ret, struct strbuf *problems,
		   struct err *err)
{
	struct detection *detection = calloc(1, sizeof(*detection));
	int code = 0;

	*ret = NULL;
	if (!detection)
		return err_set(err, ERR_MEMORY, "out of memory");
	detection->rules = ruleset_new();
	detection->policies = policies_new(conf->policy_count == 0);
	if (!detection->rules || !detection->policies)
		code = err_set(err, ERR_MEMORY, "out of memory");
	if (code == 0)
		code = add_files(detection, conf, err);
	if (code == 0)
		code = compile(detection, conf, problems, err);
	if (code < 0) {
		detection_free(detection);
		return code;
	}
	set_version(detection);
	*ret = detection;
	return 0;
}

void detection_free(struct detection *detection)
{
	if (!detection)
		return;
	policies_free(detection->policies);
	ruleset_free(detection->rules);
	free(detection);
}
