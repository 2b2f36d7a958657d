/*
 * sample.h: events and batches for tests: one of each kind, with every field set, told apart by a number.
 *
 * Everything is made in the arena given; a test that runs out of memory is aborted. Names are of the house's own test
 * account (123456789012) and task; nothing here is a real record.
 */
#pragma once

#include "base/arena.h"
#include "model/batch.h"

#define SAMPLE_TIME_NS	 INT64_C(1763900000000000000) /* 2025-11-23T12:13:20Z, time of event 0 */
#define SAMPLE_CONTAINER "0123456789abcdef-1234567890"
#define SAMPLE_TASK_ARN	 "arn:aws:ecs:eu-central-1:123456789012:task/production/0123456789abcdef0123456789abcdef"

/* number becomes seq and exec_id, and seconds on SAMPLE_TIME_NS. */
struct event sample_exec(struct arena *arena, uint64_t number);	 /* execve of /bin/sh -c "echo NUMBER" */
struct event sample_file(struct arena *arena, uint64_t number);	 /* creates /usr/bin/dropped-NUMBER */
struct event sample_alert(struct arena *arena, uint64_t number); /* the same with an alert, lineage and fields */
struct event sample_cloud(struct arena *arena, uint64_t number); /* DeleteCluster by alice, eventID from NUMBER */
struct event sample_heartbeat(struct arena *arena, uint64_t number);

/* One container, one ECS task. */
struct origin sample_origin(struct arena *arena);
struct origin sample_origin_cloudtrail(struct arena *arena);

/*
 * Batch number of a stream whose id is 16 times stream, epoch 1, with count events in turn exec, file, alert;
 * their seq goes on from first_seq.
 */
struct batch sample_batch(struct arena *arena, uint8_t stream, uint64_t number, uint64_t first_seq, size_t count);
