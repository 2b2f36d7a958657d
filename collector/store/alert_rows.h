/*
 * alert_rows.h: alerts that came with events, as rows.
 */
#pragma once

#include "collector/link/derive.h"
#include "store/params.h"

/* Appends the event's alerts to the parameters of ALERT_INSERT. */
void alert_rows_add(struct params *params, const struct derive_input *input, const struct derived *derived);
