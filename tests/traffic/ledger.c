#include "tests/traffic/ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "bus/spool.h"
#include "wire/wire.h"

/* Marks of one sender that are in its open batch; the sender's own lock guards them. */
struct open_marks {
	uint64_t *marks;
	size_t count, capacity;
};

static struct {
	int fd;
	size_t senders;
	uint64_t *handed; /* shared mapping of FILE.handed */
	struct open_marks open[LEDGER_SENDERS_MAX];
} ledger = { .fd = -1 };

static __thread struct {
	size_t sender;
	uint64_t mark;
	bool adding; /* sender_add() has not encoded the event yet */
} now;

/* A ledger that cannot be written proves nothing. */
static void give_up(const char *what)
{
	perror(what);
	_exit(99);
}

static void write_line(struct strbuf *line)
{
	strbuf_addf(line, "\n");
	if (line->failed || fd_write_all(ledger.fd, line->data, line->length, NULL) < 0)
		give_up("ledger");
}

static void add_marks(struct strbuf *line, const uint64_t *marks, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && marks[end] == marks[end - 1] + 1; end++)
			;
		strbuf_addf(line, "%s%" PRIu64 "-%" PRIu64, i ? "," : " ", marks[i], marks[end - 1]);
	}
}

static void write_step(const char *step, size_t sender, const struct spool_batch *batch, const uint64_t *marks,
		       size_t count)
{
	AUTO_STRBUF line = STRBUF_INIT;

	strbuf_addf(&line, "%s %zu", step, sender);
	if (batch)
		strbuf_addf(&line, " %" PRIu64 " %" PRIu64, batch->epoch, batch->number);
	add_marks(&line, marks, count);
	write_line(&line);
}

static void open_push(struct open_marks *open, uint64_t mark)
{
	if (open->count == open->capacity) {
		open->capacity = open->capacity ? 2 * open->capacity : 64;
		open->marks = reallocarray(open->marks, open->capacity, sizeof(*open->marks));
		if (!open->marks)
			give_up("memory");
	}
	open->marks[open->count++] = mark;
}

static void open_shift(struct open_marks *open, size_t count)
{
	memmove(open->marks, open->marks + count, (open->count - count) * sizeof(*open->marks));
	open->count -= count;
}

int ledger_open(const char *path, size_t senders, struct err *err)
{
	size_t size = senders * sizeof(*ledger.handed);
	AUTO_STRBUF handed = STRBUF_INIT;
	AUTO_FD int fd = -1;

	strbuf_addf(&handed, "%s.handed", path);
	fd = open(handed.data, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ledger.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ledger.fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_errno(err, ERR_FAILED, "could not open ledger \"%s\"", path);
	ledger.handed = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ledger.handed == MAP_FAILED)
		return err_errno(err, ERR_FAILED, "could not map \"%s\"", handed.data);
	ledger.senders = senders;
	for (size_t i = 0; i < senders; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		strbuf_addf(&line, "cut %zu %" PRIu64, i, ledger.handed[i] + 1);
		write_line(&line);
	}
	return 0;
}

uint64_t ledger_next(size_t sender)
{
	return ++ledger.handed[sender];
}

uint64_t ledger_handed(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ledger.senders; i++)
		sum += ledger.handed[i];
	return sum;
}

void ledger_adds(size_t sender, uint64_t mark)
{
	now.sender = sender;
	now.mark = mark;
	now.adding = true;
}

/* A spool's folder ends in its sender's number. */
static size_t sender_of(const struct spool *spool)
{
	const char *name = strrchr(spool->folder, '/');
	size_t sender = strtoul(name ? name + 1 : spool->folder, NULL, 10);

	if (sender >= ledger.senders)
		give_up(spool->folder);
	return sender;
}

int __real_wire_events_add(struct strbuf *events, const struct event *event, struct err *err);
int __wrap_wire_events_add(struct strbuf *events, const struct event *event, struct err *err);
int __wrap_wire_events_add(struct strbuf *events, const struct event *event, struct err *err)
{
	int code = __real_wire_events_add(events, event, err);

	if (ledger.fd < 0 || !now.adding)
		return code;
	now.adding = false;
	if (code < 0)
		write_step("fail", now.sender, NULL, &now.mark, 1);
	else
		open_push(&ledger.open[now.sender], now.mark);
	return code;
}

int __real_spool_put(struct spool *spool, const struct spool_batch *batch, const struct strbuf *frame,
		     struct err *err);
int __wrap_spool_put(struct spool *spool, const struct spool_batch *batch, const struct strbuf *frame,
		     struct err *err);
int __wrap_spool_put(struct spool *spool, const struct spool_batch *batch, const struct strbuf *frame,
		     struct err *err)
{
	struct spool_batch written = *batch;
	int code = __real_spool_put(spool, batch, frame, err);

	if (ledger.fd >= 0 && code == 0) {
		struct open_marks *open = &ledger.open[sender_of(spool)];

		write_step("put", sender_of(spool), &written, open->marks, written.events);
		open_shift(open, written.events);
	}
	return code;
}

/* What the sender says it could not put on disk is the beginning of its open batch. */
void __real_drops_add(struct drops *drops, const struct drop *drop);
void __wrap_drops_add(struct drops *drops, const struct drop *drop);
void __wrap_drops_add(struct drops *drops, const struct drop *drop)
{
	if (ledger.fd >= 0 && !strcmp(drop->reason, "spool-failed") && drop->count) {
		const struct spool *spool =
			(const struct spool *)((const char *)drops - offsetof(struct spool, drops));
		struct open_marks *open = &ledger.open[sender_of(spool)];

		write_step("fail", sender_of(spool), NULL, open->marks, drop->count);
		open_shift(open, drop->count);
	}
	__real_drops_add(drops, drop);
}

void __real_spool_remove(struct spool *spool, struct spool_batch *batch);
void __wrap_spool_remove(struct spool *spool, struct spool_batch *batch);
void __wrap_spool_remove(struct spool *spool, struct spool_batch *batch)
{
	if (ledger.fd >= 0)
		write_step("ack", sender_of(spool), batch, NULL, 0);
	__real_spool_remove(spool, batch);
}

void __real_spool_reject(struct spool *spool, struct spool_batch *batch);
void __wrap_spool_reject(struct spool *spool, struct spool_batch *batch);
void __wrap_spool_reject(struct spool *spool, struct spool_batch *batch)
{
	if (ledger.fd >= 0)
		write_step("rej", sender_of(spool), batch, NULL, 0);
	__real_spool_reject(spool, batch);
}

/* The sender decodes a batch only to say what is lost with it. Its origin names the sender. */
int __real_wire_batch_decode(const void *frame, size_t length, struct arena *arena, struct batch *ret,
			     struct err *err);
int __wrap_wire_batch_decode(const void *frame, size_t length, struct arena *arena, struct batch *ret,
			     struct err *err);
int __wrap_wire_batch_decode(const void *frame, size_t length, struct arena *arena, struct batch *ret,
			     struct err *err)
{
	int code = __real_wire_batch_decode(frame, length, arena, ret, err);

	if (ledger.fd >= 0 && code == 0) {
		struct spool_batch batch = { .epoch = ret->epoch, .number = ret->batch_no };
		const char *name = ret->origin.agent ? strrchr(ret->origin.agent, '.') : NULL;

		write_step("drop", name ? strtoul(name + 1, NULL, 10) : 0, &batch, NULL, 0);
	}
	return code;
}
