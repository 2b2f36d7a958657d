#include "collector/api/handlers.h"
#include "collector/enrol/office.h"

static const char *const stages[] = {
	[AUTHORITY_STEADY] = "steady",
	[AUTHORITY_PREPARED] = "prepared",
	[AUTHORITY_SWITCHED] = "switched",
};

int api_authority(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct office_state state;

	if (office_state(request->context->office, &state, err) < 0)
		return err->code;
	*ret = json_pack("{s:s, s:s, s:I}", "stage", stages[state.stage], "root_sha256", state.pin, "agents_behind",
			 (json_int_t)state.behind);
	return 0;
}

int api_authority_rotate(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	if (office_rotate(request->context->office, request_number(request, "force", 0) != 0, err) < 0)
		return err->code;
	return api_authority(request, ret, ret_status, err);
}
