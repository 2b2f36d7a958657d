/*
 * event_class.h: which types of events no rule tells apart.
 */
#pragma once

#include "rules/set.h"

#define CLASSES_MAX	 128
#define CLASSES_WORK_MAX 4000000 /* parts of conditions, each counted for every class that its rule can hold for */

/* is_one: telling types apart would cost too much; all are in one class, and rules ask for the type as for any other field. */
struct type_classes {
	unsigned int
		numbers[EVT_TYPES_MAX + 1]; /* of each row of model/evt_types.def; the last is for all other types */
	unsigned int count;
	bool is_one;
};

void type_classes_make(const struct ruleset *set, struct type_classes *ret);
