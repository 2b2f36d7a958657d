#include "collector/api/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "collector/api/handlers.h"

#define ARGUMENT_MAX 512

const struct route routes[] = {
#define ROUTE(id, method_, path_, summary_)                                                                          \
	{                                                                                                            \
		.handler = api_##id, .method = (method_), .path = (path_), .summary = (summary_), .params = {
#define QUERY(name_, type_, min_, max_, help_)                                                                       \
	{ .name = (name_), .type = PARAM_##type_, .min = (min_), .max = (max_), .help = (help_) },
#define ROUTE_END                                                                                                    \
	{                                                                                                            \
		.name = NULL                                                                                         \
	}                                                                                                            \
	}                                                                                                            \
	}                                                                                                            \
	,
/* clang-format off */
#include "collector/api/routes.def"
/* clang-format on */
#undef ROUTE
#undef QUERY
#undef ROUTE_END
};
const size_t route_count = ARRAY_SIZE(routes);

static bool path_fits(const char *pattern, const char *path, const char **ret_argument)
{
	const char *brace = strchr(pattern, '{');
	size_t length = brace ? (size_t)(brace - pattern) : strlen(pattern);

	*ret_argument = NULL;
	if (!brace)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, length) != 0 || !path[length] || strchr(path + length, '/'))
		return false;
	*ret_argument = path + length;
	return strlen(path + length) <= ARGUMENT_MAX;
}

int route_find(const char *method, const char *path, const struct route **ret, const char **ret_argument,
	       unsigned int *ret_status, struct err *err)
{
	const char *wanted = NULL;

	for (size_t i = 0; i < route_count; i++) {
		if (!path_fits(routes[i].path, path, ret_argument))
			continue;
		wanted = routes[i].method;
		if (strcmp(wanted, method) != 0)
			continue;
		*ret = &routes[i];
		return 0;
	}
	*ret_status = wanted ? 405 : 404;
	if (wanted)
		return err_set(err, ERR_USAGE, "\"%s\" takes %s, not %s", path, wanted, method);
	return err_set(err, ERR_NOT_FOUND, "unrecognized path \"%s\"", path);
}

static int param_index(const struct request *request, const char *name)
{
	const struct route_param *params = request->route->params;

	for (int i = 0; params[i].name; i++) {
		if (strcmp(params[i].name, name) == 0)
			return i;
	}
	return -1;
}

static int set_number(const struct route_param *param, const char *text, int64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno || end == text || *end || *ret < param->min || *ret > param->max)
		return err_set(err, ERR_USAGE, "%s is \"%s\", but must be a number from %lld to %lld", param->name,
			       text, (long long)param->min, (long long)param->max);
	return 0;
}

static int set_fraction(const struct route_param *param, const char *text, double *ret, struct err *err)
{
	char *end;

	*ret = strtod(text, &end);
	if (end == text || *end || !(*ret >= 0 && *ret <= 1))
		return err_set(err, ERR_USAGE, "%s is \"%s\", but must be a number from 0 to 1", param->name, text);
	return 0;
}

int route_set(struct request *request, const char *name, const char *text, struct err *err)
{
	int index = param_index(request, name), code = 0;
	union route_value *value = index < 0 ? NULL : &request->values[index];
	const struct route_param *param = index < 0 ? NULL : &request->route->params[index];

	if (!param)
		return err_set(err, ERR_USAGE, "unrecognized parameter \"%s\" of \"%s\"", name, request->route->path);
	switch (param->type) {
	case PARAM_TEXT:
		value->text = arena_dup(request->arena, text);
		break;
	case PARAM_TIME:
		code = time_parse(text, &value->number, err);
		break;
	case PARAM_DURATION:
		code = duration_parse(text, &value->number, err);
		break;
	case PARAM_NUMBER:
		code = set_number(param, text, &value->number, err);
		break;
	case PARAM_FRACTION:
		code = set_fraction(param, text, &value->fraction, err);
		break;
	}
	if (code < 0) {
		if (param->type == PARAM_TIME || param->type == PARAM_DURATION)
			err_wrap(err, "%s", name);
		return err->code = ERR_USAGE;
	}
	request->is_set[index] = true;
	return 0;
}

const char *request_text(const struct request *request, const char *name)
{
	int index = param_index(request, name);

	return index >= 0 && request->is_set[index] ? request->values[index].text : NULL;
}

int64_t request_number(const struct request *request, const char *name, int64_t fallback)
{
	int index = param_index(request, name);

	return index >= 0 && request->is_set[index] ? request->values[index].number : fallback;
}

double request_fraction(const struct request *request, const char *name, double fallback)
{
	int index = param_index(request, name);

	return index >= 0 && request->is_set[index] ? request->values[index].fraction : fallback;
}

unsigned int route_status_of(enum err_code code)
{
	switch (code) {
	case ERR_USAGE:
	case ERR_SYNTAX:
		return 400;
	case ERR_DENIED:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_LIMIT:
		return 413;
	case ERR_UNREACHABLE:
	case ERR_AGAIN:
		return 503;
	case ERR_FULL:
		return 507;
	default:
		return 500;
	}
}
