/*
 * parts.h: the sections of a report and what they share; for the files of this folder only.
 */
#pragma once

#include "base/arena.h"
#include "base/time.h"
#include "report/page.h"

#define REPORT_ARENA_MAX  (64u << 20)
#define TREE_DEPTH_MAX	  64
#define EVIDENCE_PER_LINK 3  /* events of a method that get a label; the others are counted */
#define LABEL_MAX	  32 /* bytes of the label of an event: e1, e2 ... */

struct report {
	struct page page;
	const json_t *document;
	json_t *entities; /* id -> entity, borrowed members */
	json_t *alerts;	  /* id -> alert */
	json_t *labels;	  /* event -> its number, for events that are evidence of some link */
	char day[16];	  /* the day most times are on: shown once */
};

/* Sections in the order they appear. */
void report_headline(struct report *report);
void report_summary(struct report *report);
void report_lanes(struct report *report);
void report_timeline(struct report *report);
void report_tree(struct report *report);
void report_entities(struct report *report);
void report_links(struct report *report);
void report_evidence(struct report *report);
void report_closing(struct report *report);

/* Member of the document that is an array; NULL or empty when there is nothing in it. */
const json_t *report_list(const struct report *report, const char *name);

/* Entity by id text; NULL if not in the document. */
const json_t *report_entity(const struct report *report, const char *id);

/* kind and short name of an entity: "task 1dddc34c". */
void report_entity_add(const struct report *report, struct strbuf *line, const json_t *entity);

/*
 * A source as shown: ids of tasks cut, trails by their name. Short: only its kind and last word, "cloudtrail us-west-1", which
 * tell two of a kind apart.
 */
void report_source_add(const struct report *report, struct strbuf *line, const char *source, bool is_short);

/* Time as shown: without the day where it is the report's, at most milliseconds; what is no time is escaped. */
void report_time_add(const struct report *report, struct strbuf *line, const char *time);

/* "e3" for an event that is evidence; false if it is none. */
bool report_label(const struct report *report, const char *event, char out[LABEL_MAX]);

/* Priority of a row by its word; -1 for none. */
int report_priority(const json_t *row);

/* Nanoseconds of a member; false if it is missing or no time. */
bool report_ns(const json_t *row, const char *name, int64_t *ret_ns);
