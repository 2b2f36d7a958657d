#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

#define REBUILD_TIMEOUT_NS (6 * 3600 * NS_PER_S)

struct rebuild_conf {
	struct ask_conf ask;
	const char *output;
};

static const struct opt opts[] = {
	OPT(rebuild_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(rebuild_conf),
	OPT_END,
};

static int print_counts(const json_t *answer, int64_t spent_ns, struct err *err)
{
	static const char *const names[] = { "entities", "assertions", "alerts" };
	int64_t underived = json_integer_value(json_object_get(answer, "underived"));
	char spent[TIME_TEXT_MAX];
	AUTO_STRBUF out = STRBUF_INIT;

	strbuf_addf(&out, "derived again from %" PRId64 " events",
		    (int64_t)json_integer_value(json_object_get(answer, "events")));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *count = json_object_get(answer, names[i]);

		if (json_is_integer(count))
			strbuf_addf(&out, ", %" PRId64 " %s", (int64_t)json_integer_value(count), names[i]);
	}
	strbuf_addf(&out, " in %s\n", duration_format(spent_ns, spent));
	if (underived > 0)
		strbuf_addf(&out, "%" PRId64 " events could not be understood; they are kept\n", underived);
	return screen_write(&out, err);
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct rebuild_conf *conf = options;
	struct ask question = { .method = "POST", .target = "/v1/admin/rebuild", .timeout_ns = REBUILD_TIMEOUT_NS };
	int64_t start = time_monotonic_ns();
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return format == TABLE_JSON ? screen_json(answer, err)
				    : print_counts(answer, time_monotonic_ns() - start, err);
}

const struct command admin_rebuild_command = {
	.name = "admin rebuild",
	.summary = "throw away everything derived (entities, links, alerts) and derive it again from the events",
	.details =
		"Examples:\n"
		"  secctl admin rebuild\n"
		"  secctl admin rebuild -o json\n"
		"\n"
		"The answers afterwards are the same, unless a newer version derives more. Events are never changed.",
	.opts = opts,
	.conf_size = sizeof(struct rebuild_conf),
	.run = run,
};
