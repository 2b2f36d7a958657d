#include <string.h>

#include "base/strbuf.h"
#include "collector/api/route.h"

static const char *const type_names[] = {
	[PARAM_TEXT] = "text",
	[PARAM_TIME] = "time (RFC 3339)",
	[PARAM_DURATION] = "duration (`15m`, `24h`)",
	[PARAM_NUMBER] = "number",
	[PARAM_FRACTION] = "number from 0 to 1",
};

static void add_route(struct strbuf *out, const struct route *route)
{
	strbuf_addf(out, "\n## %s %s\n\n%s.\n", route->method, route->path, route->summary);
	if (route->params[0].name)
		strbuf_adds(out, "\n| parameter | type | meaning |\n|---|---|---|\n");
	for (const struct route_param *param = route->params; param->name; param++) {
		strbuf_addf(out, "| `%s` | %s", param->name, type_names[param->type]);
		if (param->type == PARAM_NUMBER)
			strbuf_addf(out, " from %lld to %lld", (long long)param->min, (long long)param->max);
		strbuf_addf(out, " | %s |\n", param->help);
	}
}

char *routes_document(void)
{
	AUTO_STRBUF out = STRBUF_INIT;

	strbuf_adds(
		&out,
		"# The API\n\n"
		"HTTP with JSON on the Unix socket `api.sock` of the state folder; over TCP only when asked for, and "
		"then "
		"with `Authorization: Bearer TOKEN`. Made from `collector/api/routes.def` by `seccollector "
		"--routes`.\n\n"
		"An error is `{\"error\": \"one sentence\"}` with status 400 (the request is wrong), 401 (no or "
		"another "
		"token), 404, 405, 409 (the reference means several things: `candidates` has them), 413 (too large), "
		"500, 503 (the database is away; try again), or 507 (a disk is full).\n");
	for (size_t i = 0; i < route_count; i++)
		add_route(&out, &routes[i]);
	return strbuf_take(&out);
}
