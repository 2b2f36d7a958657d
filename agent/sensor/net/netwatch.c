#include "agent/sensor/net/netwatch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/sensor/net/attempts.h"
#include "agent/sensor/net/attribution.h"
#include "agent/sensor/net/capture.h"
#include "agent/sensor/net/datagrams.h"
#include "agent/sensor/net/names.h"
#include "agent/sensor/net/queries.h"
#include "base/time.h"

#define REQUESTS_MAX 512 /* owners looked for at a time */
#define ALONE_MAX    256 /* first datagrams that wait for their owner */
#define IDLE_WAIT_MS 100 /* while something waits for an answer */
#define DNS_PORT     53

struct netwatch {
	struct netwatch_conf conf;
	struct capture *capture;
	struct attribution *attribution;
	struct attempts *attempts;
	struct datagrams *datagrams;
	struct queries *queries;
	struct names *names;
	struct attribution_request requests[REQUESTS_MAX];
	size_t request_count;
	struct net_event alone[ALONE_MAX];
	size_t alone_count;
	int64_t now_ns;	 /* of the round */
	bool is_waiting; /* something has no answer yet */
	int stop;
	pthread_t thread;
	bool has_thread;
	bool has_news;	      /* for the one who takes events; not woken yet */
	pthread_mutex_t lock; /* guards: queue, first, count, stats */
	struct net_event queue[NETWATCH_QUEUE_MAX];
	size_t first, count;
	struct netwatch_stats stats;
};

/* Once a round: whoever is woken takes the processor from this thread, where there is but one. */
static void wake(struct netwatch *netwatch)
{
	if (netwatch->has_news && netwatch->conf.wake)
		netwatch->conf.wake(netwatch->conf.context);
	netwatch->has_news = false;
}

static void queue_event(struct netwatch *netwatch, const struct net_event *event)
{
	bool is_filling;

	/* What the watcher's own process does is no news. */
	if (event->owner.pid == getpid())
		return;
	pthread_mutex_lock(&netwatch->lock);
	if (netwatch->count == NETWATCH_QUEUE_MAX) {
		netwatch->stats.lost++;
	} else {
		netwatch->queue[(netwatch->first + netwatch->count++) % NETWATCH_QUEUE_MAX] = *event;
		netwatch->stats.events++;
		netwatch->stats.unowned += event->owner.pid ? 0 : 1;
	}
	is_filling = netwatch->count > NETWATCH_QUEUE_MAX / 2;
	pthread_mutex_unlock(&netwatch->lock);
	netwatch->has_news = true;
	if (is_filling)
		wake(netwatch);
}

static void name_other_side(struct netwatch *netwatch, struct net_event *event)
{
	const struct net_end *other = event->is_client ? &event->tuple.to : &event->tuple.from;
	const char *name = names_find(netwatch->names, other->ip, event->time_ns);

	if (name)
		memcpy(event->name, name, strlen(name) + 1);
}

static void tell_side(struct netwatch *netwatch, const struct attempt *attempt, bool is_client)
{
	struct net_event event = { .act = is_client ? NET_CONNECT : NET_ACCEPT,
				   .time_ns = attempt->time_ns,
				   .tuple = attempt->tuple,
				   .is_client = is_client,
				   .has_result = true,
				   .result = attempt->has_answer ? attempt->result : -EINPROGRESS,
				   .owner = is_client ? attempt->client : attempt->server };

	name_other_side(netwatch, &event);
	queue_event(netwatch, &event);
}

static void tell_attempt(void *context, struct attempt *attempt)
{
	struct netwatch *netwatch = context;

	if (attempt->has_local_client)
		tell_side(netwatch, attempt, true);
	/* Nobody took what was refused. */
	if (attempt->has_local_server && attempt->has_answer && attempt->result == 0)
		tell_side(netwatch, attempt, false);
	attempt->is_told = true;
}

static void tell_query(void *context, struct query *query)
{
	queue_event(context, &query->event);
	query->is_used = false;
}

static void find_owners(struct netwatch *netwatch)
{
	attribution_find(netwatch->attribution, netwatch->requests, netwatch->request_count);
	netwatch->request_count = 0;
}

static void request_owner(struct netwatch *netwatch, const struct net_tuple *tuple, bool is_server,
			  struct net_owner *owner)
{
	struct attribution_request *request = &netwatch->requests[netwatch->request_count++];

	*request = (struct attribution_request){ *tuple, is_server, owner };
	if (is_server)
		request->tuple = tuple_reversed(tuple);
	if (netwatch->request_count == REQUESTS_MAX)
		find_owners(netwatch);
}

static void request_for_attempt(void *context, struct attempt *attempt)
{
	struct netwatch *netwatch = context;

	if (attempt->is_new && attempt->has_local_client)
		request_owner(netwatch, &attempt->tuple, false, &attempt->client);
	attempt->is_new = false;
	if (attempt->has_local_server && attempt->has_answer && attempt->result == 0)
		request_owner(netwatch, &attempt->tuple, true, &attempt->server);
}

static void request_for_query(void *context, struct query *query)
{
	if (query->is_new)
		request_owner(context, &query->event.tuple, false, &query->event.owner);
	query->is_new = false;
}

static void tell_if_due(void *context, struct attempt *attempt)
{
	struct netwatch *netwatch = context;

	if (attempt->has_answer || netwatch->now_ns - attempt->time_ns > ATTEMPT_WAIT_NS)
		tell_attempt(netwatch, attempt);
	else
		netwatch->is_waiting = true;
}

static void tell_query_if_due(void *context, struct query *query)
{
	struct netwatch *netwatch = context;

	if (query->event.has_result || netwatch->now_ns - query->event.time_ns > QUERY_WAIT_NS)
		tell_query(netwatch, query);
	else
		netwatch->is_waiting = true;
}

/* Owners first, for all that is new, then what has an outcome. */
static void tell_round(struct netwatch *netwatch)
{
	netwatch->now_ns = time_now_ns();
	netwatch->is_waiting = false;
	for (size_t i = 0; i < netwatch->alone_count; i++) {
		struct net_event *event = &netwatch->alone[i];
		struct net_tuple own = event->is_client ? event->tuple : tuple_reversed(&event->tuple);

		request_owner(netwatch, &own, false, &event->owner);
	}
	queries_each(netwatch->queries, request_for_query, netwatch);
	attempts_each(netwatch->attempts, request_for_attempt, netwatch);
	find_owners(netwatch);
	queries_each(netwatch->queries, tell_query_if_due, netwatch);
	for (size_t i = 0; i < netwatch->alone_count; i++) {
		name_other_side(netwatch, &netwatch->alone[i]);
		queue_event(netwatch, &netwatch->alone[i]);
	}
	netwatch->alone_count = 0;
	attempts_each(netwatch->attempts, tell_if_due, netwatch);
	attempts_sweep(netwatch->attempts, netwatch->now_ns);
}

static void take_dns(struct netwatch *netwatch, const struct captured *captured, const struct packet *packet)
{
	struct net_tuple tuple = packet->tuple;
	struct dns_message message;

	if (!dns_parse(packet->payload, packet->payload_length, &message))
		return;
	if (!message.is_response) {
		if (tuple.to.port == DNS_PORT && (captured->is_outgoing || captured->is_loopback))
			queries_ask(netwatch->queries, &tuple, &message, captured->time_ns, tell_query, netwatch);
		return;
	}
	tuple = tuple_reversed(&tuple);
	if (queries_answer(netwatch->queries, &tuple, &message))
		names_learn(netwatch->names, &message, captured->time_ns);
}

static void take_datagram(struct netwatch *netwatch, const struct captured *captured, const struct packet *packet)
{
	bool is_sent = captured->is_outgoing || captured->is_loopback;
	struct net_event *event = &netwatch->alone[netwatch->alone_count];

	if (!datagrams_packet(netwatch->datagrams, &packet->tuple, captured->time_ns))
		return;
	*event = (struct net_event){ .act = is_sent ? NET_SEND : NET_RECEIVE,
				     .time_ns = captured->time_ns,
				     .tuple = packet->tuple,
				     .is_client = is_sent,
				     .owner = { .fd = -1 } };
	if (++netwatch->alone_count == ALONE_MAX)
		tell_round(netwatch);
}

static void take_packet(void *context, const struct captured *captured)
{
	struct netwatch *netwatch = context;
	struct packet packet;

	if (!packet_parse(captured->ethertype, captured->data, captured->length, &packet))
		return;
	if (!packet.payload)
		attempts_packet(netwatch->attempts, &packet, captured->time_ns, captured->is_outgoing,
				captured->is_loopback, tell_attempt, netwatch);
	else if (packet.tuple.from.port == DNS_PORT || packet.tuple.to.port == DNS_PORT)
		take_dns(netwatch, captured, &packet);
	else
		take_datagram(netwatch, captured, &packet);
}

static void mute_loud(struct netwatch *netwatch)
{
	const uint32_t *muted;
	struct selection selection;
	size_t count;

	if (!datagrams_muted(netwatch->datagrams, netwatch->now_ns, &muted, &count))
		return;
	selection_build(muted, count, CAPTURE_SNAP, &selection);
	/* if the kernel does not take it, the former selection lets more through, and nothing is missed */
	capture_select(netwatch->capture, &selection, NULL);
}

/* One look at the ring; returns how many packets were there. */
static size_t look(struct netwatch *netwatch)
{
	size_t count = capture_drain(netwatch->capture, take_packet, netwatch);
	uint64_t lost = count ? capture_lost(netwatch->capture) : 0;

	tell_round(netwatch);
	wake(netwatch);
	mute_loud(netwatch);
	pthread_mutex_lock(&netwatch->lock);
	netwatch->stats.packets += count;
	netwatch->stats.lost += lost;
	pthread_mutex_unlock(&netwatch->lock);
	return count;
}

static void *watch(void *context)
{
	struct netwatch *netwatch = context;
	const struct timespec batch = { netwatch->conf.batch_ns / NS_PER_S, netwatch->conf.batch_ns % NS_PER_S };
	struct pollfd waits[] = { { .fd = netwatch->stop, .events = POLLIN },
				  { .fd = capture_fd(netwatch->capture), .events = POLLIN } };

	for (;;) {
		/* Asleep by the clock nobody is woken by packets: that is what makes a crowd of them cheap. */
		if (look(netwatch) > 0)
			nanosleep(&batch, NULL);
		else if (poll(waits, ARRAY_SIZE(waits), netwatch->is_waiting ? IDLE_WAIT_MS : -1) < 0 &&
			 errno != EINTR)
			return NULL;
		if (poll(waits, 1, 0) > 0)
			break;
	}
	look(netwatch);
	queries_each(netwatch->queries, tell_query, netwatch);
	attempts_each(netwatch->attempts, tell_attempt, netwatch);
	return NULL;
}

static bool make_tables(struct netwatch *netwatch)
{
	netwatch->attempts = attempts_new();
	netwatch->datagrams = datagrams_new();
	netwatch->queries = queries_new();
	netwatch->names = names_new();
	return netwatch->attempts && netwatch->datagrams && netwatch->queries && netwatch->names;
}

int netwatch_open(const struct netwatch_conf *conf, struct netwatch **ret, struct err *err)
{
	struct netwatch *netwatch = calloc(1, sizeof(*netwatch));
	struct selection selection;

	if (!netwatch)
		return err_set(err, ERR_MEMORY, "out of memory");
	netwatch->conf = *conf;
	if (!netwatch->conf.batch_ns)
		netwatch->conf.batch_ns = NETWATCH_BATCH_NS;
	pthread_mutex_init(&netwatch->lock, NULL);
	netwatch->stop = eventfd(0, EFD_CLOEXEC);
	selection_build(NULL, 0, CAPTURE_SNAP, &selection);
	if (!make_tables(netwatch))
		err_set(err, ERR_MEMORY, "out of memory");
	else if (netwatch->stop < 0)
		err_errno(err, ERR_FAILED, "could not make an eventfd");
	else if (attribution_open(&netwatch->attribution, err) == 0 &&
		 capture_open(&selection, &netwatch->capture, err) == 0) {
		errno = pthread_create(&netwatch->thread, NULL, watch, netwatch);
		netwatch->has_thread = errno == 0;
		if (netwatch->has_thread) {
			*ret = netwatch;
			return 0;
		}
		err_errno(err, ERR_FAILED, "could not start a thread");
	}
	netwatch_close(netwatch);
	return err->code;
}

void netwatch_stop(struct netwatch *netwatch)
{
	const uint64_t one = 1;

	if (!netwatch->has_thread)
		return;
	/* an eventfd takes a 1 as long as it is not full, and nobody else writes to it */
	if (write(netwatch->stop, &one, sizeof(one)) != sizeof(one))
		abort();
	pthread_join(netwatch->thread, NULL);
	netwatch->has_thread = false;
}

void netwatch_close(struct netwatch *netwatch)
{
	if (!netwatch)
		return;
	netwatch_stop(netwatch);
	capture_close(netwatch->capture);
	attribution_close(netwatch->attribution);
	attempts_free(netwatch->attempts);
	datagrams_free(netwatch->datagrams);
	queries_free(netwatch->queries);
	names_free(netwatch->names);
	close_fd(&netwatch->stop);
	pthread_mutex_destroy(&netwatch->lock);
	free(netwatch);
}

bool netwatch_take(struct netwatch *netwatch, struct net_event *ret)
{
	bool has_one;

	pthread_mutex_lock(&netwatch->lock);
	has_one = netwatch->count > 0;
	if (has_one) {
		*ret = netwatch->queue[netwatch->first];
		netwatch->first = (netwatch->first + 1) % NETWATCH_QUEUE_MAX;
		netwatch->count--;
	}
	pthread_mutex_unlock(&netwatch->lock);
	return has_one;
}

void netwatch_stats(struct netwatch *netwatch, struct netwatch_stats *ret)
{
	pthread_mutex_lock(&netwatch->lock);
	*ret = netwatch->stats;
	pthread_mutex_unlock(&netwatch->lock);
}
