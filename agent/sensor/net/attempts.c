#include "agent/sensor/net/attempts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/attr.h"

#define CHAINS 2048

/* Slots are given out in a circle, so that the one that must make room is the oldest. */
struct attempts {
	struct attempt slots[ATTEMPTS_MAX];
	uint16_t chains[CHAINS]; /* first slot + 1 */
	uint64_t begin, end;	 /* slots in use lie between these numbers, modulo ATTEMPTS_MAX */
};

struct attempts *attempts_new(void)
{
	return calloc(1, sizeof(struct attempts));
}

void attempts_free(struct attempts *attempts)
{
	free(attempts);
}

static uint16_t *chain_of(struct attempts *attempts, const struct net_tuple *tuple)
{
	return &attempts->chains[tuple_hash(tuple) % CHAINS];
}

static struct attempt *find(struct attempts *attempts, const struct net_tuple *tuple)
{
	for (uint16_t at = *chain_of(attempts, tuple); at; at = attempts->slots[at - 1].next) {
		if (tuple_equal(&attempts->slots[at - 1].tuple, tuple))
			return &attempts->slots[at - 1];
	}
	return NULL;
}

static void forget(struct attempts *attempts, struct attempt *attempt)
{
	uint16_t *link = chain_of(attempts, &attempt->tuple), number = (uint16_t)(attempt - attempts->slots + 1);

	while (*link && *link != number)
		link = &attempts->slots[*link - 1].next;
	if (*link)
		*link = attempt->next;
	attempt->is_used = false;
}

static struct attempt *add(struct attempts *attempts, const struct net_tuple *tuple, int64_t time_ns,
			   void (*evicted)(void *context, struct attempt *attempt), void *context)
{
	struct attempt *attempt = &attempts->slots[attempts->end % ATTEMPTS_MAX];
	uint16_t *chain = chain_of(attempts, tuple);

	if (attempt->is_used) {
		if (!attempt->is_told)
			evicted(context, attempt);
		forget(attempts, attempt);
	}
	*attempt = (struct attempt){ .tuple = *tuple, .time_ns = time_ns, .is_used = true, .is_new = true };
	attempt->client.fd = attempt->server.fd = -1;
	attempt->next = *chain;
	*chain = (uint16_t)(attempt - attempts->slots + 1);
	attempts->end++;
	if (attempts->end - attempts->begin > ATTEMPTS_MAX)
		attempts->begin = attempts->end - ATTEMPTS_MAX;
	return attempt;
}

/* The answer to a SYN, by the server. */
static struct attempt *answer(struct attempt *attempt, int result)
{
	if (!attempt || attempt->has_answer || attempt->is_told)
		return NULL;
	attempt->has_answer = true;
	attempt->result = result;
	return attempt;
}

struct attempt *attempts_packet(struct attempts *attempts, const struct packet *packet, int64_t time_ns,
				bool is_outgoing, bool is_loopback,
				void (*evicted)(void *context, struct attempt *attempt), void *context)
{
	bool is_syn = packet->tcp_flags & TCP_SYN, is_answer = packet->tcp_flags & TCP_ACK;
	struct net_tuple tuple = is_syn && !is_answer ? packet->tuple : tuple_reversed(&packet->tuple);
	struct attempt *attempt = find(attempts, &tuple);

	if (packet->tcp_flags & TCP_RST)
		return answer(attempt, -ECONNREFUSED);
	if (!is_syn || (attempt && !is_answer))
		return NULL;
	if (!attempt) {
		bool is_by_client = is_answer ? !is_outgoing : is_outgoing;

		attempt = add(attempts, &tuple, time_ns, evicted, context);
		attempt->has_local_client = is_loopback || is_by_client;
		attempt->has_local_server = is_loopback || !is_by_client;
	}
	if (is_answer)
		return answer(attempt, 0);
	return attempt;
}

void attempts_each(struct attempts *attempts, void (*visit)(void *context, struct attempt *attempt), void *context)
{
	for (uint64_t at = attempts->begin; at < attempts->end; at++) {
		struct attempt *attempt = &attempts->slots[at % ATTEMPTS_MAX];

		if (attempt->is_used && !attempt->is_told)
			visit(context, attempt);
	}
}

void attempts_sweep(struct attempts *attempts, int64_t now_ns)
{
	bool is_first = true;

	for (uint64_t at = attempts->begin; at < attempts->end; at++) {
		struct attempt *attempt = &attempts->slots[at % ATTEMPTS_MAX];

		if (attempt->is_used && attempt->is_told &&
		    (attempt->has_answer || now_ns - attempt->time_ns > ATTEMPT_FORGET_NS))
			forget(attempts, attempt);
		if (is_first && !attempt->is_used)
			attempts->begin = at + 1;
		else
			is_first = false;
	}
}

size_t attempts_waiting(const struct attempts *attempts)
{
	size_t count = 0;

	for (uint64_t at = attempts->begin; at < attempts->end; at++) {
		const struct attempt *attempt = &attempts->slots[at % ATTEMPTS_MAX];

		count += attempt->is_used && !attempt->is_told ? 1 : 0;
	}
	return count;
}
