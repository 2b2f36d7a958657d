/*
 * choice.h: what a short page shows of an investigation: the links that carry the story, and the entities they tie.
 *
 * The document holds everything; with style.is_all everything is shown. What is left out is counted, never silent.
 */
#pragma once

#include "report/parts.h"

/* False for a link that only supports others: keys of a session, the file an alert is about, a tag beside a digest ... */
bool choice_shows_link(const struct report *report, const json_t *link);

bool choice_shows_entity(const struct report *report, const json_t *entity);

/* False for a fact that a short page leaves out: not of interest for this kind, or a count of none. */
bool choice_shows_fact(const struct report *report, const char *kind, const char *fact, const json_t *value);
