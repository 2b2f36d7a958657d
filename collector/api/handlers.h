/*
 * handlers.h: one function per row of routes.def.
 */
#pragma once

#include "collector/api/route.h"

#define ROUTE(id, method, path, summary)                                                                             \
	int api_##id(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err);
#define QUERY(name, type, min, max, help)
#define ROUTE_END
#include "collector/api/routes.def"
#undef ROUTE
#undef QUERY
#undef ROUTE_END
