#include "agent/sensor/bpf/sensor_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "agent/sensor/bpf/record.h"
#include "agent/sensor/bpf/refusal.h"
#include "agent/sensor/bpf/shape.h"
#include "base/attr.h"
#include "base/time.h"
#include "sensor_programs.skel.h"

#define LOOK_EVERY_MS	 10 /* most events do not wake the reader */
#define SKIPPED_EVERY_MS 100
#define URING_HOOK	 "io_uring_submit_req" /* older kernels have none of this name */
#define SAYING_MAX	 256

/* The batch is full. Any negative number makes libbpf stop; this one is no errno of its own. */
#define BATCH_FULL (-10000)

struct sensor_bpf {
	struct sensor_programs *programs;
	struct ring_buffer *ring;
	struct wire_counts *per_processor;
	int processors;
	uint64_t lost_malformed, lost_skipped;
	int64_t skipped_looked_ns;
	uint64_t lost_told; /* in events' lost so far */
	uint64_t lost_new;  /* goes with the next event */
	/* while polling */
	sensor_handler handler;
	void *context;
	int64_t realtime_ns;
	int handled;
	struct record record;
};

/* guards nothing: libbpf has one print function for the process, and sensors are opened by one thread */
static char last_saying[SAYING_MAX];

static int saying_keep(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last_saying, sizeof(last_saying), format, args);
	last_saying[strcspn(last_saying, "\n")] = 0;
	return 0;
}

static int64_t realtime_offset_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return time_now_ns() - (now.tv_sec * NS_PER_S + now.tv_nsec);
}

static int record_handle(void *context, void *data, size_t size)
{
	struct sensor_bpf *sensor = context;

	if (record_decode(data, size, sensor->realtime_ns, &sensor->record, NULL) < 0) {
		sensor->lost_malformed++;
		return 0;
	}
	sensor->record.event.lost = sensor->lost_new;
	sensor->lost_told += sensor->lost_new;
	sensor->lost_new = 0;
	sensor->handler(sensor->context, &sensor->record.event);
	return ++sensor->handled >= SENSOR_BPF_BATCH_MAX ? BATCH_FULL : 0;
}

static struct wire_counts counts_sum(struct sensor_bpf *sensor)
{
	struct wire_counts sum = { 0 };
	__u32 key = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(sensor->programs->maps.counts), &key, sensor->per_processor) < 0)
		return sum;
	for (int i = 0; i < sensor->processors; i++) {
		sum.sent += sensor->per_processor[i].sent;
		sum.lost += sensor->per_processor[i].lost;
	}
	return sum;
}

/* Programs that the kernel did not run because one was already running there: rare, and costly to ask for. */
static uint64_t skipped_sum(struct sensor_bpf *sensor)
{
	int64_t now = time_monotonic_ns();
	struct bpf_program *program;
	uint64_t sum = 0;

	if (now - sensor->skipped_looked_ns < SKIPPED_EVERY_MS * NS_PER_MS)
		return sensor->lost_skipped;
	sensor->skipped_looked_ns = now;

	bpf_object__for_each_program(program, sensor->programs->obj)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			sum += info.recursion_misses;
	}
	sensor->lost_skipped = sum;
	return sum;
}

uint64_t sensor_bpf_lost(struct sensor_bpf *sensor)
{
	return counts_sum(sensor).lost + skipped_sum(sensor) + sensor->lost_malformed;
}

uint64_t sensor_bpf_sent(struct sensor_bpf *sensor)
{
	return counts_sum(sensor).sent;
}

static int ring_empty(struct sensor_bpf *sensor, struct err *err)
{
	int error = ring_buffer__consume(sensor->ring);

	if (error < 0 && error != BATCH_FULL) {
		errno = -error;
		return err_errno(err, ERR_FAILED, "could not read the ring of the BPF sensor");
	}
	return sensor->handled;
}

int sensor_bpf_poll(struct sensor_bpf *sensor, int timeout_ms, sensor_handler handler, void *context, struct err *err)
{
	int64_t end = time_monotonic_ns() + timeout_ms * NS_PER_MS;
	int result;

	sensor->handler = handler;
	sensor->context = context;
	sensor->handled = 0;
	sensor->realtime_ns = realtime_offset_ns();
	sensor->lost_new = sensor_bpf_lost(sensor) - sensor->lost_told;
	for (;;) {
		int64_t left_ms;
		int ready;

		result = ring_empty(sensor, err);
		if (result != 0)
			return result;
		left_ms = (end - time_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
		if (left_ms <= 0)
			return 0;
		ready = epoll_wait(ring_buffer__epoll_fd(sensor->ring), &(struct epoll_event){ 0 }, 1,
				   left_ms < LOOK_EVERY_MS ? (int)left_ms : LOOK_EVERY_MS);
		if (ready < 0 && errno == EINTR)
			return 0;
		if (ready < 0)
			return err_errno(err, ERR_FAILED, "could not wait for the BPF sensor");
	}
}

static int programs_load(struct sensor_programs *programs, const struct sensor_wants *wants)
{
	int wanted = shapes_fill(wants, programs->rodata->calls, programs->rodata->calls_compat);
	int wanted_ops = ops_fill(wants, programs->rodata->ops);

	programs->rodata->wants_reads = wants->reads;
	/* an attached program costs every call of the machine */
	bpf_program__set_autoload(programs->progs.on_call, wanted > 0);
	bpf_program__set_autoload(programs->progs.on_uring,
				  wanted_ops > 0 && libbpf_find_vmlinux_btf_id(URING_HOOK, BPF_TRACE_RAW_TP) > 0);
	return sensor_programs__load(programs);
}

/* The agent's own file activity would feed itself: the programs learn who it is before they run. */
static int self_tell(struct sensor_programs *programs)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(programs->progs.self), &opts);
}

static int sensor_start(struct sensor_bpf *sensor, const struct sensor_wants *wants, struct err *err)
{
	struct refusal_facts facts;
	int error;

	refusal_look(&facts);
	error = refusal_before(&facts, err);
	if (error < 0)
		return error;
	sensor->programs = sensor_programs__open();
	if (!sensor->programs)
		return refusal_after(errno, last_saying, err);
	error = programs_load(sensor->programs, wants);
	if (error == 0)
		error = self_tell(sensor->programs);
	if (error == 0)
		error = sensor_programs__attach(sensor->programs);
	if (error < 0)
		return refusal_after(-error, last_saying, err);
	sensor->ring = ring_buffer__new(bpf_map__fd(sensor->programs->maps.ring), record_handle, sensor, NULL);
	sensor->processors = libbpf_num_possible_cpus();
	if (!sensor->ring || sensor->processors <= 0)
		return err_errno(err, ERR_MEMORY, "could not map the ring of the BPF sensor");
	sensor->per_processor = calloc((size_t)sensor->processors, sizeof(*sensor->per_processor));
	return sensor->per_processor ? 0 : err_set(err, ERR_MEMORY, "out of memory for the BPF sensor");
}

int sensor_bpf_open(const struct sensor_wants *wants, struct sensor_bpf **ret, struct err *err)
{
	struct sensor_bpf *sensor = calloc(1, sizeof(*sensor));
	int result;

	*ret = NULL;
	if (!sensor)
		return err_set(err, ERR_MEMORY, "out of memory for the BPF sensor");
	last_saying[0] = 0;
	libbpf_set_print(saying_keep);
	result = sensor_start(sensor, wants, err);
	if (result < 0)
		sensor_bpf_close(sensor);
	else
		*ret = sensor;
	return result;
}

void sensor_bpf_close(struct sensor_bpf *sensor)
{
	if (!sensor)
		return;
	ring_buffer__free(sensor->ring);
	sensor_programs__destroy(sensor->programs);
	free(sensor->per_processor);
	free(sensor);
}
