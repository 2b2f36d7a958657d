/*
 * alert_union.h: one event reported twice, by readers with different rules, keeps the alerts of both.
 */
#pragma once

#include "base/err.h"
#include "model/entity.h"

struct store;

/* Adds to the stored event the alerts it does not have; the order of arrival does not show. Within a transaction. */
int alert_union_store(struct store *store, int64_t tenant, const uint8_t id[EVENT_ID_SIZE], const struct event *again,
		      struct err *err);
