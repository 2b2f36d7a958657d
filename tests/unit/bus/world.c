#include "tests/unit/bus/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t drops_of(const struct batch *batch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < batch->drop_count; i++)
		sum += batch->drops[i].count;
	return sum;
}

/* A slow machine makes the watchdog send a batch again; as in the store, its number makes the two one. */
static bool is_known(const struct collector *collector, const struct batch *batch)
{
	for (size_t i = 0; i < collector->count; i++) {
		if (collector->seen[i].epoch == batch->epoch && collector->seen[i].number == batch->batch_no)
			return true;
	}
	return false;
}

void collector_answer(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply)
{
	struct collector *collector = context;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch = { 0 };
	struct reply out = { .kind = REPLY_ACK, .retry_after_ms = 1, .reason = "test" };
	struct err err = { 0 };

	assert_true(peer->address[0] != '\0');
	monitor_lock(&collector->monitor);
	if (wire_batch_decode(frame, length, &arena, &batch, &err) < 0) {
		out.kind = REPLY_REJECT;
		out.reason = err.message;
		memcpy(collector->error, err.message, sizeof(collector->error));
	} else if (collector->frames < ARRAY_SIZE(collector->answers) && collector->answers[collector->frames]) {
		out.kind = collector->answers[collector->frames];
	}
	if (collector->holds_bulk && out.kind == REPLY_ACK && batch.lane == LANE_BULK)
		out.kind = REPLY_RETRY;
	collector->holds_bulk &= batch.lane == LANE_BULK;
	out.batch_no = batch.batch_no;
	collector->frames++;
	if (out.kind == REPLY_ACK && collector->count < SEEN_MAX && !is_known(collector, &batch))
		collector->seen[collector->count++] = (struct seen){
			batch.epoch,	  batch.batch_no,	batch.event_count ? batch.events[0].seq : 0,
			drops_of(&batch), batch.oldest_waiting, batch.event_count,
			batch.lane,	  batch.is_last
		};
	monitor_notify(&collector->monitor);
	monitor_unlock(&collector->monitor);
	if (out.kind != SILENCE)
		assert_int_equal(wire_reply_encode(&out, reply, &err), 0);
}

void collector_open(struct world *world)
{
	struct err err;

	if (receiver_open(&(struct receiver_conf){ .url = world->url,
						   .handler = collector_answer,
						   .context = &world->collector },
			  &world->collector.receiver, &err) < 0)
		fail_msg("%s", err.message);
}

void sender_begin_sized(struct world *world, int64_t spool_max)
{
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .spool_max = spool_max,
				    .flush_ns = 10 * NS_PER_MS,
				    .watchdog_ns = 500 * NS_PER_MS,
				    .origin = sample_origin(&world->arena) };
	struct err err;

	if (sender_open(&conf, &world->sender, &err) < 0)
		fail_msg("%s", err.message);
}

void sender_begin(struct world *world)
{
	sender_begin_sized(world, 0);
}

void sender_end(struct world *world)
{
	sender_close(TAKE(world->sender));
}

void send_event(struct world *world, struct event (*make)(struct arena *, uint64_t), uint64_t number)
{
	struct event event = make(&world->arena, number);
	struct err err;

	if (sender_add(world->sender, &event, true, &err) < 0)
		fail_msg("%s", err.message);
}

void flush(struct world *world)
{
	struct err err;

	if (sender_flush(world->sender, PATIENCE_NS, &err) < 0)
		fail_msg("%s", err.message);
}

void shell(const char *format, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), format, path);
	assert_int_equal(system(command), 0);
}

long count_files(const char *format, const char *path)
{
	char command[512], line[64] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), format, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return strtol(line, NULL, 10);
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/clewline-bus-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->url, sizeof(world->url), "ipc://%s/intake.sock", world->folder);
	snprintf(world->spool, sizeof(world->spool), "%s/spool", world->folder);
	arena_init(&world->arena, WIRE_ARENA_MAX);
	monitor_init(&world->collector.monitor);
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;

	sender_close(world->sender);
	receiver_close(world->collector.receiver);
	monitor_fini(&world->collector.monitor);
	arena_fini(&world->arena);
	shell("rm -rf %s", world->folder);
	free(world);
	return 0;
}

void use_tcp(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(world->url, sizeof(world->url), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

uint64_t collector_drops(const struct collector *collector)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < collector->count; i++)
		sum += collector->seen[i].drops;
	return sum;
}
