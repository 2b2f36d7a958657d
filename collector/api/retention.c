#include "collector/api/handlers.h"
#include "collector/store/pool.h"
#include "collector/store/retention.h"
#include "json/json.h"
#include "model/tenant.h"

static int list(struct store *store, const struct request *request, json_t **ret, struct err *err)
{
	struct retention_row *rows;
	json_t *array;
	size_t count;

	if (retention_list(store, TENANT_LOCAL, request->arena, &rows, &count, err) < 0)
		return err->code;
	array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:b}", "source", rows[i].source, "days",
						(json_int_t)rows[i].days, "archive", (int)rows[i].is_archived));
	*ret = json_pack("{s:o}", "retention", array);
	return 0;
}

int api_retention(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct store *store;
	int code;

	if (pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	code = list(store, request, ret, err);
	pool_give(request->context->pool, store);
	return code;
}

int api_retention_set(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	const char *source = request_text(request, "source");
	int64_t days = request_number(request, "days", -1);
	struct store *store;
	int code;

	if (!source || days < 0)
		return err_set(err, ERR_USAGE, "source and days are needed");
	if (pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = retention_set(store, TENANT_LOCAL, source, days, request_number(request, "archive", 0), err);
	if (code == 0)
		code = list(store, request, ret, err);
	pool_give(request->context->write_pool, store);
	return code;
}
