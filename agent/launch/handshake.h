/*
 * handshake.h: what seclaunch and the sidecar say to each other over the Unix socket. Both run on one machine, so numbers are in its
 * own byte order.
 *
 * The launcher sends a launch_hello and uri_length bytes of its ECS_CONTAINER_METADATA_URI_V4. The sidecar, having seized
 * the launcher, answers with a launch_reply, then filter_count instructions (struct sock_filter), then reason_length bytes.
 *
 * Images of workloads are built at other times than the sidecar's, so either may be the older one. A sidecar answers a hello of an
 * earlier version in that version, with what it knows. One of a later version it does not take, and answers in its own latest: the
 * launcher then connects again and speaks that. The layout of both structures is for ever.
 */
#pragma once

#include <stdint.h>

#define LAUNCH_SOCKET_DEFAULT "/clewline/launch.sock"
#define LAUNCH_SOCKET_ENV     "CLEWLINE_LAUNCH_SOCKET"
#define LAUNCH_AGENT_DEFAULT  "/clewline/secagent"
#define LAUNCH_AGENT_ENV      "CLEWLINE_LAUNCH_AGENT"
#define LAUNCH_MAGIC	      0x4c574c43u /* "CLWL" */
#define LAUNCH_VERSION	      2
#define LAUNCH_VERSION_MIN    1
#define LAUNCH_VERSION_INSIDE 2 /* the first that knows LAUNCH_INSIDE; earlier ones take it for a refusal */
#define LAUNCH_URI_MAX	      512
#define LAUNCH_FILTER_MAX     4096 /* the kernel's own limit */
#define LAUNCH_REASON_MAX     512
#define LAUNCH_WAIT_MS	      2000 /* for the sidecar to answer, before the workload starts without it */

enum launch_verdict {
	LAUNCH_GO = 1,	   /* seized: install the filter and exec */
	LAUNCH_UNFILTERED, /* seized, or left alone: exec without a filter */
	LAUNCH_DENY,	   /* do not exec */
	LAUNCH_INSIDE,	   /* it cannot be seized from there: a tracer inside the container may do it */
};

struct launch_hello {
	uint32_t magic;
	uint16_t version;
	uint16_t uri_length;
};

struct launch_reply {
	uint32_t magic;
	uint16_t version;
	uint16_t verdict;
	uint16_t filter_count;
	uint16_t reason_length;
};

/* Row of an option table: both sides find the socket the same way. */
#define OPT_LAUNCH_SOCKET(conf, help_)                                                                               \
	{                                                                                                            \
		.name = "socket", .letter = 's', .type = OPT_TEXT, .offset = offsetof(struct conf, socket),          \
		.argument = "PATH", .fallback = LAUNCH_SOCKET_DEFAULT, .help = (help_), .env = LAUNCH_SOCKET_ENV     \
	}
