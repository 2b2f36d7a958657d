#include "base/time.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/correlate/investigate.h"
#include "collector/store/pool.h"
#include "collector/store/sql.h"
#include "json/json.h"

int api_investigate(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	struct investigate_query query = {
		.reference = request_text(request, "ref"),
		.window_ns = request_number(request, "window", 0),
		.around_ns = request_number(request, "around", 0),
		.now_ns = time_now_ns(),
		.min_confidence = request_fraction(request, "min_confidence", INVESTIGATE_MIN_CONFIDENCE_DEFAULT),
	};
	json_t *candidates = NULL;
	struct store *store;
	int code;

	if (!query.reference || !*query.reference)
		return err_set(err, ERR_USAGE, "parameter \"ref\" is missing");
	if (pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	code = investigate(store, TENANT_LOCAL, &query, ret, &candidates, err);
	pool_give(request->context->pool, store);
	if (code < 0 && candidates)
		return answer_candidates(candidates, err->message, ret, ret_status);
	return code;
}
