#include "agent/sensor/net/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

struct queries {
	struct query slots[QUERIES_MAX];
	size_t next;
};

struct queries *queries_new(void)
{
	return calloc(1, sizeof(struct queries));
}

void queries_free(struct queries *queries)
{
	free(queries);
}

static struct query *find(struct queries *queries, const struct net_tuple *tuple, const struct dns_message *message)
{
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *query = &queries->slots[i];

		if (query->is_used && query->id == message->id && query->event.question_type == message->type &&
		    tuple_equal(&query->event.tuple, tuple) && strcmp(query->event.name, message->name) == 0)
			return query;
	}
	return NULL;
}

void queries_ask(struct queries *queries, const struct net_tuple *tuple, const struct dns_message *message,
		 int64_t time_ns, void (*evicted)(void *context, struct query *query), void *context)
{
	struct query *query = &queries->slots[queries->next];

	if (find(queries, tuple, message))
		return;
	if (query->is_used)
		evicted(context, query);
	queries->next = (queries->next + 1) % QUERIES_MAX;
	query->is_used = query->is_new = true;
	query->id = message->id;
	query->event = (struct net_event){ .act = NET_QUERY,
					   .time_ns = time_ns,
					   .tuple = *tuple,
					   .is_client = true,
					   .owner = { .fd = -1 },
					   .question_type = message->type };
	memcpy(query->event.name, message->name, sizeof(query->event.name));
}

struct query *queries_answer(struct queries *queries, const struct net_tuple *tuple,
			     const struct dns_message *message)
{
	struct query *query = find(queries, tuple, message);
	struct net_event *event;

	if (!query)
		return NULL;
	event = &query->event;
	event->has_result = true;
	event->result = message->rcode;
	event->answer_count = message->answer_count < NET_ANSWERS_MAX ? message->answer_count : NET_ANSWERS_MAX;
	memcpy(event->answers, message->answers, event->answer_count * sizeof(event->answers[0]));
	return query;
}

void queries_each(struct queries *queries, void (*visit)(void *context, struct query *query), void *context)
{
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		if (queries->slots[i].is_used)
			visit(context, &queries->slots[i]);
	}
}
