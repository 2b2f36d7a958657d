/*
 * route.h: the table of what the API answers (routes.def), and what a handler gets.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define ROUTE_PARAMS_MAX 8

enum route_param_type { PARAM_TEXT, PARAM_TIME, PARAM_DURATION, PARAM_NUMBER, PARAM_FRACTION };

struct route_param {
	const char *name; /* NULL ends the list */
	enum route_param_type type;
	int64_t min, max; /* PARAM_NUMBER */
	const char *help;
};

union route_value {
	const char *text;
	int64_t number; /* also nanoseconds */
	double fraction;
};

struct halt;
struct intake;
struct office;
struct partitions;
struct pool;
struct route;

/* What every handler may use; made once. */
struct api_context {
	struct pool *pool;	 /* reads one tenant, changes nothing */
	struct pool *write_pool; /* for the few routes that write */
	struct intake *intake;	 /* for its metrics */
	int64_t started_ns;
	const char *database;	       /* "private", or "external" */
	struct partitions *partitions; /* for events that come by the API */
	struct office *office;	       /* who is enrolled */
	const char *archive;	       /* folder of archived days */
	struct halt *halt;	       /* ends works that take long when the collector stops */
};

struct request {
	const struct api_context *context;
	const struct route *route;
	struct arena *arena;  /* of this request */
	const char *argument; /* last part of a path that ends in {...}, else NULL */
	union route_value values[ROUTE_PARAMS_MAX];
	bool is_set[ROUTE_PARAMS_MAX];
	const char *body;
	size_t body_length;
};

struct route {
	/* *ret_status is 200 unless set. An error becomes {"error": message} with the status that fits its code. */
	int (*handler)(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err);
	const char *method;
	const char *path; /* may end in /{name} */
	const char *summary;
	struct route_param params[ROUTE_PARAMS_MAX + 1];
};

extern const struct route routes[];
extern const size_t route_count;

/*
 * Finds the route and checks the argument: ERR_NOT_FOUND, or ERR_USAGE with *ret_status 405 when only the method is wrong.
 */
int route_find(const char *method, const char *path, const struct route **ret, const char **ret_argument,
	       unsigned int *ret_status, struct err *err);

/* Reads one query parameter into the request. Errors: ERR_USAGE. */
int route_set(struct request *request, const char *name, const char *text, struct err *err);

/* The parameter's value, or the fallback. */
const char *request_text(const struct request *request, const char *name);
int64_t request_number(const struct request *request, const char *name, int64_t fallback);
double request_fraction(const struct request *request, const char *name, double fallback);

unsigned int route_status_of(enum err_code code);

/* docs/api.md; the caller frees. NULL without memory. */
char *routes_document(void);
