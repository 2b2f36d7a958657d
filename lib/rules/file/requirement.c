#include "rules/file/item.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The version of Falco's engine whose language this is, and the plugins whose fields are built in. */
static const int engine_version[3] = { 0, 63, 0 };

static const struct {
	const char *name;
	int version[3];
} providers[] = {
	{ "container", { 0, 7, 0 } },
	{ "cloudtrail", { 0, 17, 1 } },
	{ "json", { 0, 7, 4 } },
};

/* "1.2.3" or, with bare_minor, "57" for 0.57.0. */
static bool version_parse(const char *text, bool bare_minor, int version[3])
{
	int taken = 0;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	if (bare_minor && sscanf(text, "%9d%n", &version[1], &taken) == 1 && !text[taken]) {
		version[0] = version[2] = 0;
		return true;
	}
	return sscanf(text, "%9d.%9d.%9d%n", &version[0], &version[1], &version[2], &taken) == 3 &&
	       (!text[taken] || text[taken] == '-' || text[taken] == '+');
}

static bool version_fits(const int have[3], const int need[3])
{
	if (have[0] != need[0])
		return false;
	if (have[1] != need[1])
		return have[1] > need[1];
	return have[2] >= need[2];
}

void engine_version_check(struct item_reader *reader)
{
	const struct yaml_node *node = yaml_get(reader->item, "required_engine_version");
	const char *text = yaml_text(node);
	int need[3];

	reader->label = "required_engine_version";
	if (!version_parse(text, true, need))
		item_error(
			reader, node, "LOAD_ERR_YAML_VALIDATE",
			"Unable to parse engine version '%s'. Expected semver version string (\"N.N.N\") or a number",
			text ? text : "");
	else if (!version_fits(engine_version, need))
		item_error(reader, node, "LOAD_ERR_VALIDATE",
			   "Rules require engine version %d.%d.%d, but engine version is %d.%d.%d", need[0], need[1],
			   need[2], engine_version[0], engine_version[1], engine_version[2]);
}

enum provider_state { PROVIDER_NONE, PROVIDER_OLD, PROVIDER_FITS };

static enum provider_state provider_check(const char *name, const int need[3])
{
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		if (strcmp(providers[i].name, name) == 0)
			return version_fits(providers[i].version, need) ? PROVIDER_FITS : PROVIDER_OLD;
	}
	return PROVIDER_NONE;
}

/* One member of required_plugin_versions, with its alternatives: any of them will do. */
static void plugin_check(struct ruleset *set, const struct requirement *requirement, const struct yaml_node *plugin)
{
	const struct yaml_node *alternatives = yaml_get(plugin, "alternatives");
	size_t count = alternatives && alternatives->kind == YAML_SEQUENCE ? alternatives->count : 0;
	AUTO_STRBUF names = STRBUF_INIT;
	struct origin origin = requirement->origin;

	origin.line = plugin->line;
	origin.column = plugin->column;
	for (size_t i = 0; i <= count; i++) {
		const struct yaml_node *one = i ? alternatives->items[i - 1] : plugin;
		const char *name = yaml_text(yaml_get(one, "name")), *version = yaml_text(yaml_get(one, "version"));
		enum provider_state state;
		int need[3];

		if (!name || !version || !version_parse(version, false, need)) {
			set_report(set, &origin, "LOAD_ERR_YAML_VALIDATE", "required_plugin_versions",
				   "A required plugin needs a name and a version such as 1.2.3");
			return;
		}
		state = provider_check(name, need);
		if (state == PROVIDER_FITS)
			return;
		strbuf_addf(&names, "%s%s (>= %s)", i ? ", " : "", name, version);
	}
	set_report(set, &origin, "LOAD_ERR_VALIDATE", "required_plugin_versions",
		   "Plugin requirement not satisfied, must load one of: %s", names.data);
}

void plugin_versions_check(struct ruleset *set, const struct requirement *requirement)
{
	const struct yaml_node *list = yaml_get(requirement->item, "required_plugin_versions");

	if (!list || list->kind != YAML_SEQUENCE) {
		set_report(set, &requirement->origin, "LOAD_ERR_YAML_VALIDATE", "required_plugin_versions",
			   "Value of required_plugin_versions must be a list");
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		plugin_check(set, requirement, list->items[i]);
}
