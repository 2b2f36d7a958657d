/*
 * batch.h: events on their way to the collector, and who sends them.
 *
 * A stream is one spool's life: stream_id is random, epoch grows by one when a spool was lost, batch_no and seq are
 * contiguous within an epoch. A batch, once numbered, is never cut differently: (stream, epoch, batch_no) names
 * its content for ever, which is what makes delivery exact (docs/protocol.md).
 */
#pragma once

#include "model/event.h"

#define STREAM_ID_SIZE	 16
#define BATCH_EVENTS_MAX 5000
#define BATCH_SIZE_MAX	 (256u << 10) /* encoded bytes a sender aims to stay under */

struct container {
	const char *id; /* runtime id */
	const char *name;
	const char *image;    /* reference as deployed */
	const char *image_id; /* sha256:... as the metadata endpoint gives it */
	const char *arn;
	const char *started_at; /* RFC 3339, or NULL */
};

#define TASK_NETWORKS_MAX     8
#define NETWORK_ADDRESSES_MAX 16

/* A network interface of a task. */
struct task_network {
	const char *mode; /* awsvpc ... */
	const char *mac, *private_dns;
	const char *const *addresses; /* IPv4, then IPv6 */
	size_t address_count;
	const char *ipv4_subnet, *ipv6_subnet; /* CIDR blocks */
};

struct ecs_task {
	const char *arn;
	const char *cluster; /* name or ARN as the metadata endpoint gives it */
	const char *family;
	const char *revision;
	const char *service;
	const char *availability_zone;
	const char *launch_type;
	const char *role_arn;	   /* of the task's own credentials, or NULL */
	const char *access_key_id; /* of the same; never the key itself */
	const char *vpc;	   /* id of its virtual network, or NULL */
	const struct task_network *networks;
	size_t network_count;
};

/* enum and name of what sends */
#define ORIGIN_MODES(X)                                                                                              \
	X(RUN, 1, "run")                                                                                             \
	X(TASK, 2, "task")                                                                                           \
	X(HOST, 3, "host")                                                                                           \
	X(CLOUDTRAIL, 4, "cloudtrail")

enum origin_mode {
#define X(id, number, name) ORIGIN_##id = (number),
	ORIGIN_MODES(X)
#undef X
};

struct origin {
	enum origin_mode mode;
	const char *agent;   /* name people know it by: host name or task id */
	const char *version; /* of the program */
	const char *boot_id; /* kernel's, or NULL */
	const char *hostname;
	const struct ecs_task *task; /* NULL outside ECS */
	const struct container *containers;
	size_t container_count;
};

#define DROP_UNREADABLE	       "unreadable"	   /* reason: files or records of a cloud that could not be read */
#define DROP_UNREADABLE_FOLDER "unreadable-folder" /* folders whose files could not be found */

struct drop {
	const char *reason; /* spool-full, ring-full, rate-limit ... */
	uint64_t count;
	int64_t from_ns, until_ns; /* span in which they were lost */
};

/* Both lanes share one numbering; what is urgent overtakes the rest on its way. */
enum lane { LANE_BULK = 0, LANE_ALERT = 1 };
#define LANES 2

struct batch {
	enum lane lane;
	uint8_t stream_id[STREAM_ID_SIZE];
	uint64_t epoch;
	uint64_t batch_no;	 /* from 1 */
	uint64_t oldest_waiting; /* number that may still arrive; lower ones that did not are lost. 0 = not said */
	int64_t sent_ns;
	int64_t clock_offset_ns; /* how far the collector's clock is ahead of the sender's; 0 = not known */
	bool is_last;		 /* its sender stops in order after it */
	struct origin origin;
	const struct drop *drops; /* since the batch before */
	size_t drop_count;
	const struct event *events;
	size_t event_count;
};

enum reply_kind { REPLY_ACK = 1, REPLY_RETRY = 2, REPLY_REJECT = 3 };

enum reject_code { REJECT_UNSAID = 0, REJECT_FOREIGN_STREAM = 1 };

struct reply {
	enum reply_kind kind;
	uint64_t batch_no;
	int64_t retry_after_ms; /* REPLY_RETRY */
	const char *reason;	/* REPLY_RETRY, REPLY_REJECT */
	int64_t server_ns;
	uint64_t trust_digest; /* of the roots that the collector trusts; 0 = not said */
	enum reject_code code; /* REPLY_REJECT */
};
