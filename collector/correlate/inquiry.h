/*
 * inquiry.h: one investigation while it is being made: what was asked, what was found around it, and how it hangs together.
 *
 * The steps run in the order of the functions below. Everything lives in the inquiry's arena; every array is put into an
 * order of its own, so that the order in which the store answers cannot be seen.
 */
#pragma once

#include "collector/correlate/investigate.h"
#include "collector/store/query.h"
#include "graph/graph.h"

#define INQUIRY_ARENA_MAX (256u << 20)
#define NODES_MAX	  400
#define DEPTH_MAX	  3
#define ASSERTIONS_MAX	  20000 /* per question to the store */
#define DEEDS_MAX	  5000	/* the same, of what was done or tried */
#define ALERTS_MAX	  100	/* per task, cluster or principal; the newest */
#define ALERTS_SHOWN_MAX  200
#define PRINCIPALS_MAX	  16
#define ALERTED_TASKS_MAX 8
#define EVENTS_MAX	  2000 /* per task or principal */
#define SCANS_MAX	  4    /* newest of each image */
#define TIMELINE_MAX	  500
#define LINKS_MAX	  300
#define CUTS_MAX	  16

struct node {
	struct entity_row row;
	const char *name;
	const struct fact_row *facts; /* by name */
	size_t fact_count;
	unsigned depth;
	bool is_expanded;
	bool is_spine;	   /* the subject, and what it cannot be told without: an alert's task and cluster */
	bool is_target;	   /* acting on it makes somebody a principal: the spine, and what the spine is made of */
	bool is_principal; /* somebody whose doings belong to the answer */
	bool is_alerted;   /* a task or host with alerts shown */
	bool is_kept;
};

enum subject_form { SUBJECT_ENTITY, SUBJECT_ALERT, SUBJECT_EVENT };

struct subject {
	enum subject_form form;
	struct entity_row entity; /* alert: its own entity; event: who or what it happened to */
	const char *kind, *id, *title, *reference;
	int64_t at;
	struct alert_row alert; /* SUBJECT_ALERT */
	uint8_t event_id[EVENT_ID_SIZE];
};

struct inquiry {
	struct store *store;
	int64_t tenant;
	const struct investigate_query *query;
	struct arena *arena;
	struct subject subject;
	int64_t since, until;

	struct node *nodes; /* NODES_MAX, by id */
	size_t node_count;
	struct graph_assertion *rows;
	size_t row_count, row_size;
	const struct graph_assertion *
		*deeds; /* rows that say what was done or tried, by event; once rows are complete */
	size_t deed_count;
	struct graph_link *links; /* between kept nodes, strongest first */
	size_t link_count, hidden_links;
	struct graph_reach *reach; /* from the subject, by entity */
	size_t reach_count;

	struct alert_row *alerts; /* oldest first */
	size_t alert_count, alert_size;
	struct event_row *events; /* oldest first, each once */
	size_t event_count, event_size;
	const char *cuts[CUTS_MAX]; /* what was left out, one sentence each */
	size_t cut_count;
	size_t unshown_reads, unshown_activity;
};

/* Sets subject. Errors: those of investigate(). */
int reference_resolve(struct inquiry *inquiry, json_t **ret_candidates, struct err *err);

/* Sets nodes, rows, alerts: spine, principals, everything that hangs on them. */
int neighbourhood_gather(struct inquiry *inquiry, struct err *err);

/* Sets alerts; adds nodes for them, their tasks and containers; marks tasks as alerted. Part of neighbourhood_gather(). */
int alerts_gather(struct inquiry *inquiry, struct err *err);
int alerts_follow(struct inquiry *inquiry, struct err *err);

/* Marks the nodes that are worth showing. Part of neighbourhood_gather(). */
void neighbourhood_prune(struct inquiry *inquiry);

/* Sets events. */
int evidence_gather(struct inquiry *inquiry, struct err *err);

/* Adds rows for what is merely near; never for what is alike. */
int associations_add(struct inquiry *inquiry, struct err *err);

/* Sets deeds. Errors: ERR_MEMORY. */
int deeds_index(struct inquiry *inquiry, struct err *err);

/* Sets links, reach; numbers are positions in links, from 1. */
int links_build(struct inquiry *inquiry, struct err *err);

/* Each returns a new reference, NULL without memory. */
json_t *timeline_write(struct inquiry *inquiry, const json_t *gaps);
json_t *summary_write(const json_t *timeline);
json_t *tree_write(struct inquiry *inquiry);
json_t *gaps_write(struct inquiry *inquiry, struct err *err);
int losses_add(struct inquiry *inquiry, json_t *gaps, struct err *err); /* part of gaps_write() */
json_t *completeness_write(struct inquiry *inquiry, const json_t *gaps, struct err *err);
json_t *verdict_write(const struct inquiry *inquiry);
json_t *next_write(const struct inquiry *inquiry);
json_t *alerts_write(const struct inquiry *inquiry);
json_t *entities_write(const struct inquiry *inquiry);
json_t *links_write(const struct inquiry *inquiry);

/* node.c: what the steps share. */
struct node *node_find(const struct inquiry *inquiry, int64_t entity);			      /* NULL if not known */
struct node *node_add(struct inquiry *inquiry, const struct entity_row *row, unsigned depth); /* NULL when full */
const char *node_fact(const struct node *node, const char *fact);			      /* NULL if absent */
bool node_is_actor(const struct node *node);
bool is_deed(const struct graph_assertion *row);	/* done, or tried */
bool is_key_of_task(const struct graph_assertion *row); /* an access key was issued to a task */
bool is_runtime_alert(const struct alert_row *alert);
/* True if the alert fired in an ECS Exec session that who opened, or somebody whose session who assumed. */
bool alert_is_in_shell_of(const struct inquiry *inquiry, const char *alert_id, int64_t who);
/* "task 1dddc34c", "badlugo", "cluster NAME": for sentences. */
const char *node_text(const struct inquiry *inquiry, int64_t entity);
int nodes_name(struct inquiry *inquiry, struct err *err); /* loads facts and names */
int rows_add(struct inquiry *inquiry, const struct graph_assertion *row, struct err *err);
void cut_add(struct inquiry *inquiry, const char *format, ...) PRINTF_LIKE(2, 3);
struct alert_row *alert_of_event(const struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE]);
char *event_text(const uint8_t event_id[EVENT_ID_SIZE], struct arena *arena); /* UUID */
