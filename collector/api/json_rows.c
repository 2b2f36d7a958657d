#include "collector/api/json_rows.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/time.h"
#include "json/json.h"

void json_set_time(json_t *object, const char *name, int64_t ns)
{
	char text[TIME_TEXT_MAX];

	json_set_text(object, name, time_format_exact(ns, text));
}

char *uuid_format(const uint8_t uuid[16], char out[UUID_TEXT_MAX])
{
	char hex[33];

	hex_format(uuid, 16, hex);
	snprintf(out, UUID_TEXT_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return out;
}

int answer_candidates(json_t *candidates, const char *message, json_t **ret, unsigned int *ret_status)
{
	*ret = json_object();
	json_set_text(*ret, "error", message);
	json_object_set_new(*ret, "candidates", candidates);
	*ret_status = 409;
	return 0;
}
