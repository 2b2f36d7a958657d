/*
 * agent.h: what every command of secagent puts together the same way: rules, spool, printer and pipeline.
 */
#pragma once

#include <pthread.h>

#include "agent/ecs/metadata.h"
#include "agent/fim/watched.h"
#include "agent/pipeline/pipeline.h"
#include "bus/sender.h"
#include "conf/command.h"
#include "detection/detection.h"
#include "enrol/options.h"

#define HEARTBEAT_NS	 (10 * INT64_C(1000000000))
#define METADATA_WAIT_NS INT64_C(1000000000) /* an endpoint that is slower than this is absent */

/* First member of each command's configuration, filled by the rows of AGENT_OPTS. */
struct agent_conf {
	struct opt_list rules, policies, watch;
	const char *baseline;
	int64_t activity_limit;
	struct rule_choice choice;
	const char *output;
	const char *collector;
	const char *spool;
	bool responds;
	int64_t stop_grace;  /* seconds */
	const char *network; /* packets, calls, or NULL: as is usual for the command */
	struct enrol_conf enrol;
	bool reads;
	const char *tier; /* commands that trace */
	bool refuses_io_uring;
};

#define AGENT_OPTS(conf)                                                                                             \
	OPT(conf, agent.rules, "rules", 'r', OPT_LIST, "RULES", NULL,                                                \
	    "rule file or folder in the Falco language; may be repeated; default: the built-in rules"),              \
		OPT(conf, agent.policies, "policy", 0, OPT_LIST, "POLICIES", NULL,                                   \
		    "policy file or folder; may be repeated; default: the built-in policies"),                       \
		RULE_CHOICE_OPTS(conf, agent.choice),                                                                \
		OPT(conf, agent.output, "output", 'o', OPT_TEXT, "FORMAT", "text",                                   \
		    "how alerts are printed: text or json, both as Falco does"),                                     \
		OPT(conf, agent.collector, "collector", 0, OPT_TEXT, "URL", NULL,                                    \
		    "deliver to this collector: tls+tcp://HOST:PORT, or on this machine ipc:///PATH; default: "      \
		    "print only"),                                                                                   \
		OPT(conf, agent.spool, "spool", 0, OPT_TEXT, "DIR", NULL,                                            \
		    "folder for what is not delivered yet; default: spool/agent in the state folder"),               \
		OPT(conf, agent.watch, "watch", 0, OPT_LIST, "FILE", NULL,                                           \
		    "sets of files whose changes are delivered with hashes; may be repeated; default: the built-in " \
		    "ones"),                                                                                         \
		OPT(conf, agent.baseline, "baseline", 0, OPT_TEXT, "FILE", NULL,                                     \
		    "what secagent fim baseline made: changes say whether they lead away from it"),                  \
		OPT_RANGE(conf, agent.activity_limit, "activity-limit", "COUNT", 0, 1000000, "1000",                 \
			  "events a second that are delivered without an alert, of each class (commands, files, "    \
			  "connections, calls); the rest is counted and shown as a gap; 0 for no limit"),            \
		OPT(conf, agent.responds, "respond", 0, OPT_FLAG, NULL, NULL,                                        \
		    "do what policies ask for beside telling: kill a process, stop a container; without it they "    \
		    "are "                                                                                           \
		    "refused"),                                                                                      \
		OPT_RANGE(conf, agent.stop_grace, "stop-grace", "SECONDS", 0, 120, "10",                             \
			  "how long a container has between SIGTERM and SIGKILL when a policy stops it"),            \
		OPT(conf, agent.network, "network", 0, OPT_TEXT, "HOW", NULL,                                        \
		    "how connections are seen: packets (nothing stops; needs CAP_NET_RAW) or calls (each connect "   \
		    "and "                                                                                           \
		    "accept that a rule "                                                                            \
		    "asks for stops); default: packets for task and host, calls for run"),                           \
		ENROL_OPTS(conf, agent.enrol, "identity/agent"),                                                     \
		OPT(conf, agent.reads, "reads", 0, OPT_FLAG, NULL, NULL,                                             \
		    "see files opened for reading as well, at the price of a stop for each; run does it by itself "  \
		    "where a rule "                                                                                  \
		    "given with -r needs it")

/* Rows of the commands that trace. */
#define TRACE_OPTS(conf)                                                                                             \
	OPT(conf, agent.tier, "tier", 0, OPT_TEXT, "TIER", "filter",                                                 \
	    "how much is watched: events (process life alone; setuid programs work), filter (what the rules need), " \
	    "full (also opens for reading, failed execs and every connection)"),                                     \
		OPT(conf, agent.refuses_io_uring, "deny-io-uring", 0, OPT_FLAG, NULL, NULL,                          \
		    "let io_uring_setup fail, so that programs take calls that are seen")

struct ledger;
struct net_event;

struct agent {
	const struct agent_conf *conf;
	struct detection *detection; /* what counts now */
	struct retired *retired;     /* rules of before that are still in use, newest first */
	struct reload *reload;
	struct sensor_wants sensed; /* calls that everything delivers that is watched now */
	struct sensor_wants wants;  /* of the rules that count now, if has_wants */
	bool has_wants;
	pthread_t thread;	     /* that waits for the sensor */
	struct enrolment *enrolment; /* NULL where the collector wants no certificate */
	struct sender *sender;	     /* NULL without a collector */
	struct watched *watched;     /* files; what counts now */
	struct responder *responder;
	const struct tracer *tracer; /* that stops what is watched, of this thread; NULL: none does, or not yet */
	const struct ledger *ledger; /* what is followed, where tracers have threads of their own; else NULL */
	struct pipeline *pipeline;
	struct network *network; /* NULL: no packets are watched */
	/* Has a connection told by the tracer's thread of its process; false: by this one. NULL: there are no such threads. */
	bool (*hand_on)(struct agent *agent, const struct net_event *net);
	struct origin origin;
	struct metadata *metadata; /* newest first; older ones stay, processes point into them */
	struct role_watch *role;   /* NULL: none is asked for */
	struct role_texts *roles;  /* newest first; older ones stay, rows and batches point into them */
	struct strbuf line;	   /* of the printer */
	char hostname[256], boot_id[64], spool[4096];
	bool print_failed, metadata_warned;
	enum tier tier;
	bool reads; /* opens for reading are asked of the sensor */
};

/*
 * Loads rules (problems go to stderr), opens the spool. agent must not move afterwards. ledger: what this process leaves to
 * another one that may follow on after its death; NULL: none does.
 */
int agent_open(struct agent *agent, const struct agent_conf *conf, enum origin_mode mode, struct ledger *ledger,
	       struct err *err);

/* Delivers what is left, and says what is not. Accepts a zeroed agent. */
void agent_close(struct agent *agent);

/* Delivers what is left because this process will end at any moment; waits for at most wait_ns. */
void agent_last_words(struct agent *agent, int64_t wait_ns);

/* Takes over an answer of the metadata endpoint (NULL is fine); from now on it is what batches say of their origin. */
void agent_use_metadata(struct agent *agent, struct metadata *metadata);

/* Takes in the first process of what is watched; inside an ECS task, with the container that this is. */
void agent_introduce(struct agent *agent, pid_t pid);

/* How the sensor that traces delivers to this agent. */
struct tracer_conf;
struct tracer_conf agent_tracer_conf(const struct agent *agent);

/* What the sensor has to watch for this agent. */
void agent_wants(struct agent *agent, struct sensor_wants *ret);
