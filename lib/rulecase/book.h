/*
 * book.h: what the parts of lib/rulecase share: files, diagnostics, and the event of a case.
 */
#pragma once

#include "cloudrecord/fields.h"
#include "rulecase/case.h"

struct case_file {
	const char *name, *text;
	size_t length;
};

/* Records an error at node and marks the case, if any, as one that cannot be run. */
void case_report(struct casebook *book, struct rule_case *item, const struct case_file *file,
		 const struct yaml_place *place, const char *code, const char *format, ...) PRINTF_LIKE(6, 7);
void case_error(struct casebook *book, struct rule_case *item, const struct yaml_node *node, const char *code,
		const char *format, ...) PRINTF_LIKE(5, 6);

/* Reads the documents of a file that is in the book. */
void cases_read(struct casebook *book, const struct case_file *file, const struct yaml_node *document);

/* An event ready to be asked. */
struct case_event {
	struct field_reader reader;
	const char *evt_type;
	struct arena arena;
	struct record record;
	struct fields fields;
};

/* Errors: ERR_SYNTAX if the record is none; ERR_MEMORY. To be closed after failure, too. */
int case_event_open(struct case_event *event, const struct rule_case *item, struct err *err);
void case_event_close(struct case_event *event);

#define AUTO_CASE_EVENT CLEANUP(case_event_close) struct case_event
