#include "collector/api/tags.h"

#include <string.h>

int tags_of(const struct request *request, const char *tags[TAGS_MAX], size_t *ret_count, struct err *err)
{
	const char *text = request_text(request, "tags");
	char *copy = text ? arena_dup(request->arena, text) : NULL, *rest = NULL;

	*ret_count = 0;
	for (char *tag = copy ? strtok_r(copy, ",", &rest) : NULL; tag; tag = strtok_r(NULL, ",", &rest)) {
		if (*ret_count == TAGS_MAX)
			return err_set(err, ERR_USAGE, "there are more than %d tags", TAGS_MAX);
		tags[(*ret_count)++] = tag;
	}
	return 0;
}

json_t *tags_json(const char *tags)
{
	json_t *json = json_loads(tags, 0, NULL);

	return json ? json : json_array();
}
