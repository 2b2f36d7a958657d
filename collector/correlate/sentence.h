/*
 * sentence.h: one event as a sentence: who did what to what. Raw texts of the source: whoever prints them escapes them.
 */
#pragma once

#include "collector/correlate/inquiry.h"
#include "json/json.h"

/* What a CloudTrail event says beyond its links. */
struct cloud_facts {
	bool is_read; /* readOnly, and nothing of actions.def */
	bool is_denied, is_without_mfa;
	const char *error;		    /* errorCode, or NULL */
	const struct graph_assertion *deed; /* the most telling thing done or tried, or NULL */
};

void cloud_facts_read(const struct inquiry *inquiry, const struct event_row *row, struct cloud_facts *ret);

/* "badlugo deleted cluster NAME"; never NULL. */
const char *cloud_sentence(const struct inquiry *inquiry, const struct event_row *row,
			   const struct cloud_facts *facts);
const char *activity_sentence(const struct inquiry *inquiry, const struct event_row *row, bool with_place);
const char *scan_sentence(const struct inquiry *inquiry, const struct event_row *row);

/* A relation as words: "tried_to_delete" gives "tried to delete". */
const char *relation_words(const struct inquiry *inquiry, const char *relation);
