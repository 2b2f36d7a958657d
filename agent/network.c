#include "agent/network.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/agent.h"
#include "agent/sensor/net/netwatch.h"
#include "base/log.h"
#include "base/strbuf.h"

#define STEP_MAX   NETWATCH_QUEUE_MAX /* events at a time; signals want to be seen, too */
#define LIMITS_MAX 128

struct network {
	struct netwatch *netwatch;
	bool is_only_known; /* of processes that the pipeline knows */
	uint64_t declared;  /* losses */
	char limits[LIMITS_MAX];
};

/* Modes by name; what a command does without one. */
static const char *usual(enum origin_mode mode)
{
	return mode == ORIGIN_RUN ? "calls" : "packets";
}

static void wake(void *context)
{
	const struct agent *agent = context;

	pthread_kill(agent->thread, NETWORK_WAKE);
}

static int open_watch(struct agent *agent, enum origin_mode mode, struct err *err)
{
	struct netwatch_conf conf = { .wake = mode == ORIGIN_HOST ? NULL : wake, .context = agent };
	struct network *network = calloc(1, sizeof(*network));

	if (!network)
		return err_set(err, ERR_MEMORY, "out of memory");
	network->is_only_known = mode == ORIGIN_RUN;
	agent->network = network;
	if (netwatch_open(&conf, &network->netwatch, err) == 0)
		return 0;
	network_close(agent);
	return err->code;
}

int network_open(struct agent *agent, enum origin_mode mode, struct err *err)
{
	const char *asked = agent->conf->network, *how = asked ? asked : usual(mode);
	struct err problem = { 0 };

	if (strcmp(how, "calls") == 0)
		return 0;
	if (strcmp(how, "packets") != 0)
		return err_set(err, ERR_USAGE, "network is \"%s\", but must be packets or calls", how);
	if (open_watch(agent, mode, &problem) == 0)
		return 0;
	if (asked)
		return err_set(err, problem.code, "%s", problem.message);
	log_warn("network-by-calls", "%s; connections are seen where a rule makes calls stop for them",
		 problem.message);
	return 0;
}

static void set_end(struct sensor_address *address, const struct net_end *end, bool is_v4)
{
	address->family = is_v4 ? AF_INET : AF_INET6;
	address->port = end->port;
	memcpy(address->ip, is_v4 ? end->ip + 12 : end->ip, is_v4 ? 4 : IP_SIZE);
}

static void set_socket(struct sensor_socket *socket, const struct net_event *net)
{
	const struct net_tuple *tuple = &net->tuple;
	bool is_tcp = tuple->protocol == IPPROTO_TCP;

	*socket = (struct sensor_socket){ .fd = net->owner.fd,
					  .family = tuple->is_v4 ? AF_INET : AF_INET6,
					  .type = is_tcp ? SOCK_STREAM : SOCK_DGRAM,
					  .protocol = tuple->protocol,
					  .is_connected = net->act == NET_ACCEPT };
	set_end(&socket->local, net->is_client ? &tuple->from : &tuple->to, tuple->is_v4);
	set_end(&socket->remote, net->is_client ? &tuple->to : &tuple->from, tuple->is_v4);
	if (net->name[0] && net->act != NET_QUERY)
		socket->remote_name = net->name;
}

/* Texts of a query; they live in type, response and answers. */
static void set_dns(struct sensor_dns *dns, const struct net_event *net, char type[DNS_TYPE_TEXT_MAX],
		    struct strbuf *answers)
{
	const char *response = net->has_result ? dns_rcode_text((uint8_t)net->result) : NULL;

	for (size_t i = 0; i < net->answer_count; i++) {
		char ip[IP_TEXT_MAX];

		strbuf_addf(answers, "%s%s", i > 0 ? " " : "",
			    ip_text(net->answers[i].ip, net->answers[i].is_v4, ip));
	}
	*dns = (struct sensor_dns){ .question = net->name,
				    .type = dns_type_text(net->question_type, type),
				    .response = net->has_result && !response ? "?" : response,
				    .answers = answers->data };
}

void network_deliver(struct agent *agent, const struct net_event *net)
{
	static const enum sensor_call calls[] = { [NET_CONNECT] = SENSOR_CONNECT,
						  [NET_ACCEPT] = SENSOR_ACCEPT,
						  [NET_SEND] = SENSOR_SENDTO,
						  [NET_QUERY] = SENSOR_SENDTO };
	AUTO_STRBUF answers = STRBUF_INIT;
	char type[DNS_TYPE_TEXT_MAX];
	struct sensor_socket socket;
	struct sensor_dns dns;
	struct sensor_event event = { .call = calls[net->act],
				      .time_ns = net->time_ns,
				      .pid = net->owner.pid,
				      .tid = net->owner.pid,
				      .uid = net->owner.uid,
				      .has_result = true,
				      .is_late = true,
				      .is_likely = net->owner.kind == NET_OWNER_LISTENER ||
						   net->owner.kind == NET_OWNER_LIKELY,
				      .socket = &socket };

	set_socket(&socket, net);
	event.dirfd = event.dirfd2 = AT_FDCWD;
	event.registers[0] = (uint64_t)(int64_t)net->owner.fd;
	if (net->act == NET_CONNECT)
		event.result = net->result;
	if (net->act == NET_ACCEPT)
		event.result = net->owner.fd > 0 ? net->owner.fd : 0;
	if (net->act == NET_QUERY) {
		set_dns(&dns, net, type, &answers);
		event.dns = &dns;
	}
	pipeline_handle(agent->pipeline, &event);
}

static void declare_losses(struct agent *agent)
{
	struct netwatch_stats stats;

	netwatch_stats(agent->network->netwatch, &stats);
	pipeline_network_lost(agent->pipeline, stats.lost - agent->network->declared);
	agent->network->declared = stats.lost;
}

void network_step(struct agent *agent)
{
	struct network *network = agent->network;
	struct net_event net;
	size_t count = 0;

	if (!network)
		return;
	while (count++ < STEP_MAX && netwatch_take(network->netwatch, &net)) {
		bool is_known =
			net.owner.pid && process_table_knows(pipeline_processes(agent->pipeline), net.owner.pid);

		/* Of datagrams that come in nobody asks: what answers them is told. */
		if (net.act == NET_RECEIVE || (!is_known && network->is_only_known))
			continue;
		if (!agent->hand_on || !agent->hand_on(agent, &net))
			network_deliver(agent, &net);
	}
	declare_losses(agent);
}

void network_close(struct agent *agent)
{
	if (!agent->network)
		return;
	if (agent->network->netwatch) {
		netwatch_stop(agent->network->netwatch);
		network_step(agent);
	}
	netwatch_close(agent->network->netwatch);
	free(TAKE(agent->network));
}

void network_spare(const struct network *network, struct sensor_wants *wants)
{
	for (int call = 0; network && call < SENSOR_CALL_COUNT; call++) {
		if (sensor_call_in((enum sensor_call)call,
				   SENSOR_CONNECT_CALLS | SENSOR_ACCEPT_CALLS | SENSOR_SEND_CALLS))
			wants->calls[call] = wants->untested[call] = false;
	}
}

const char *network_limits(struct network *network)
{
	struct netwatch_stats stats;

	if (!network)
		return NULL;
	netwatch_stats(network->netwatch, &stats);
	if (!stats.unowned)
		return NULL;
	snprintf(network->limits, sizeof(network->limits), "%llu of %llu connections without their process",
		 (unsigned long long)stats.unowned, (unsigned long long)stats.events);
	return network->limits;
}
