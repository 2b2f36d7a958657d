/* secagent host: every process of the machine, seen from inside the kernel. */
#include <signal.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "agent/containers.h"
#include "agent/network.h"
#include "agent/protect.h"
#include "agent/reload.h"
#include "agent/resolve.h"
#include "agent/rules.h"
#include "agent/sensor/bpf/sensor_bpf.h"
#include "base/log.h"
#include "base/time.h"

#define POLL_MS 100 /* how late a signal is noticed at the most */

struct host_conf {
	struct agent_conf agent;
};

static const struct opt host_opts[] = { AGENT_OPTS(host_conf), OPT_END };

struct host {
	struct agent agent;
	struct containers *containers;
	struct sensor_bpf *sensor;
	struct resolver resolver;
};

static volatile sig_atomic_t is_asked_to_stop, is_asked_for_rules;

/* A terminal that goes away sends SIGHUP, too: that one ends the watch. */
static void on_signal(int number, siginfo_t *info, void *context UNUSED)
{
	if (number == SIGHUP && info->si_code != SI_KERNEL)
		is_asked_for_rules = 1;
	else
		is_asked_to_stop = 1;
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

/* A process enters its container by an exec; what it forks inherits it. */
static void handle(void *context, const struct sensor_event *event)
{
	struct host *host = context;
	const struct container_identity *container;

	if (sensor_call_in(event->call, SENSOR_EXEC_CALLS)) {
		container = containers_find(host->containers, event->cgroup);
		if (container)
			process_table_assign(pipeline_processes(host->agent.pipeline), event->pid, container, 0);
	}
	pipeline_handle(host->agent.pipeline, resolver_handle(&host->resolver, event));
}

/* The kernel's programs are fixed when they are loaded: calls that nobody wanted then are not seen. */
static void renew_rules(struct host *host)
{
	if (is_asked_for_rules) {
		is_asked_for_rules = 0;
		reload_ask(host->agent.reload);
	}
	if (agent_rules_renew(&host->agent))
		agent_rules_warn(&host->agent, "until secagent is started anew");
}

static int watch(struct host *host, struct err *err)
{
	int64_t heartbeat_ns = time_monotonic_ns();

	while (!is_asked_to_stop) {
		if (sensor_bpf_poll(host->sensor, POLL_MS, handle, host, err) < 0)
			return err->code;
		network_step(&host->agent);
		pipeline_step(host->agent.pipeline, false);
		renew_rules(host);
		if (time_monotonic_ns() < heartbeat_ns)
			continue;
		pipeline_heartbeat(host->agent.pipeline, network_limits(host->agent.network));
		heartbeat_ns += HEARTBEAT_NS;
	}
	return 0;
}

static int host_open(struct host *host, const struct agent_conf *conf, struct err *err)
{
	struct sensor_wants wants;
	int code;

	protect_process();
	code = agent_open(&host->agent, conf, ORIGIN_HOST, NULL, err);

	if (code < 0)
		return code;
	host->containers = containers_new();
	if (!host->containers)
		return err_set(err, ERR_MEMORY, "out of memory");
	resolver_init(&host->resolver);
	agent_wants(&host->agent, &wants);
	agent_rules_sensed(&host->agent, true);
	if (sensor_bpf_open(&wants, &host->sensor, err) < 0)
		return err->code;
	return network_open(&host->agent, ORIGIN_HOST, err);
}

/* What the sensor lost after the last event that it delivered. */
static void declare_rest(struct host *host)
{
	struct pipeline_stats stats;
	uint64_t lost;

	if (!host->sensor || !host->agent.pipeline)
		return;
	pipeline_stats(host->agent.pipeline, &stats);
	lost = sensor_bpf_lost(host->sensor);
	if (lost > stats.lost)
		pipeline_sensor_lost(host->agent.pipeline, lost - stats.lost);
}

static void host_close(struct host *host)
{
	declare_rest(host);
	sensor_bpf_close(host->sensor);
	agent_close(&host->agent);
	containers_free(host->containers);
}

static int command_host_main(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED,
			     struct err *err)
{
	const struct host_conf *host_conf = conf;
	static struct host host; /* large */
	int code;

	catch_signals();
	code = host_open(&host, &host_conf->agent, err);
	if (code == 0) {
		log_info("watching", "watching every process of this host");
		code = watch(&host, err);
	}
	host_close(&host);
	return code;
}

const struct command command_host = {
	.name = "host",
	.summary = "watch every process of this host",
	.details =
		"Needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN) and a kernel from 5.10 on that describes its types "
		"(BTF); where\n"
		"that is not given, one line says what is missing, and the exit code is 4. Ends by SIGINT or "
		"SIGTERM.\n"
		"Files of rules and policies are read again when they change, and by SIGHUP.\n\n"
		"  secagent host\n"
		"  secagent host -r rules.yaml -o json --collector tls+tcp://collector:4646",
	.opts = host_opts,
	.conf_size = sizeof(struct host_conf),
	.run = command_host_main,
};
