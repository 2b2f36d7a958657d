/*
 * finding.h: what is wrong with an image, one row of checks.def each time it holds.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "scanner/image/image.h"

#define FINDING_REFERENCES_MAX 4
#define FINDINGS_MAX	       64
#define EVIDENCE_NAMES_MAX     20 /* files or variables named in one evidence; the rest is counted */

/* least severe first; word in reports and for --fail-on */
#define SEVERITIES(X)                                                                                                \
	X(UNKNOWN, "unknown")                                                                                        \
	X(LOW, "low")                                                                                                \
	X(MEDIUM, "medium")                                                                                          \
	X(HIGH, "high")                                                                                              \
	X(CRITICAL, "critical")

enum severity {
#define X(id, word) SEVERITY_##id,
	SEVERITIES(X)
#undef X
		SEVERITY_COUNT
};

struct finding {
	const char *id;
	enum severity severity;
	const char *title, *description, *remediation;
	const char *references[FINDING_REFERENCES_MAX + 1]; /* ends with NULL */
	const char *evidence;				    /* raw text; names are the image maker's */
};

struct findings {
	struct arena arena; /* of the evidence */
	struct finding list[FINDINGS_MAX];
	size_t count;
};

const char *severity_word(enum severity severity);
int severity_find(const char *word); /* any case; -1 if unrecognized */

/* Runs every check; the most severe findings come first. findings must be zeroed. Errors: ERR_MEMORY. */
int checks_run(const struct image *image, struct findings *findings, struct err *err);
void findings_fini(struct findings *findings); /* accepts a zeroed one */
