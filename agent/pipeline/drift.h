/*
 * drift.h: programs and scripts that were written and then run: writings are noted as they happen, and an execution is asked for
 * that of the file it runs.
 *
 * All of it only if some rule looks at a field drift.*; a view without written knows nothing.
 */
#pragma once

#include "agent/pipeline/view.h"
#include "agent/state/written.h"
#include "rules/ruleset.h"

/* True if some rule looks at it. */
bool drift_is_asked(const struct ruleset *rules);

/* Calls that have to be seen then. */
bool drift_wants(enum sensor_call call);

/* True if a call, at its entry, has to be followed to its end. */
bool drift_needs(const struct view *view);

/* Notes what a call that has been made did to a file. */
void drift_note(const struct view *view);

/* What the process runs was written by this; NULL if nothing is known. *ret_path is the file's. */
const struct writing *drift_of(const struct view *view, const char **ret_path);
