#include "bus/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "bus/spool_file.h"
#include "wire/wire.h"

#define FOLDER_MODE	0700
#define FILE_MODE	0600
#define DISK_BLOCK	4096 /* a file costs whole blocks */
#define FULL_TRIES_MAX	64   /* batches given up for one that finds the disk full */
#define FIRST_CAPACITY	64
#define QUARANTINE_NAME "quarantine"
#define DEAD_NAME	"dead"
#define REJECTED	"rejected"

static int64_t disk_size(int64_t bytes)
{
	return (bytes + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
}

static bool list_add(struct spool *spool, const struct spool_batch *batch)
{
	if (spool->count == spool->capacity) {
		size_t capacity = spool->capacity ? 2 * spool->capacity : FIRST_CAPACITY;
		struct spool_batch *grown = reallocarray(spool->batches, capacity, sizeof(*grown));

		if (!grown)
			return false;
		spool->batches = grown;
		spool->capacity = capacity;
	}
	spool->batches[spool->count++] = *batch;
	spool->used += batch->size;
	return true;
}

static void list_remove(struct spool *spool, struct spool_batch *batch)
{
	size_t index = (size_t)(batch - spool->batches);

	spool->used -= batch->size;
	memmove(batch, batch + 1, (spool->count - index - 1) * sizeof(*batch));
	spool->count--;
}

static int by_number(const void *left, const void *right)
{
	const struct spool_batch *a = left, *b = right;

	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void remember_newest(struct spool *spool, const struct spool_batch *batch)
{
	if (batch->epoch == spool->epoch && batch->number > spool->newest.number)
		spool->newest = *batch;
}

static void drop_newest_mark(const struct spool *spool)
{
	char name[SPOOL_NAME_MAX], path[PATH_MAX];

	if (spool->newest.number)
		unlink(spool_path(spool, spool_name(&spool->newest, SPOOL_ACKED, name), path));
}

static int take_file(struct spool *spool, const char *name, struct err *err)
{
	char path[PATH_MAX];
	struct spool_batch batch;
	const char *suffix = spool_name_parse(name, &batch);
	struct stat st;

	if (!suffix || stat(spool_path(spool, name, path), &st) < 0) {
		size_t length = strlen(name);

		if (length > 4 && !strcmp(name + length - 4, ".tmp"))
			unlink(spool_path(spool, name, path));
		return 0;
	}
	remember_newest(spool, &batch);
	if (!strcmp(suffix, SPOOL_ACKED))
		return 0;
	batch.size = disk_size(st.st_size);
	return list_add(spool, &batch) ? 0 : err_set(err, ERR_MEMORY, "no memory");
}

/* Of all marks only the newest batch's is of use. */
static int clear_mark(struct spool *spool, const char *name, struct err *err UNUSED)
{
	char path[PATH_MAX];
	struct spool_batch batch;
	const char *suffix = spool_name_parse(name, &batch);

	if (suffix && !strcmp(suffix, SPOOL_ACKED) &&
	    (batch.epoch != spool->epoch || batch.number != spool->newest.number))
		unlink(spool_path(spool, name, path));
	return 0;
}

static int each_file(struct spool *spool, int (*visit)(struct spool *, const char *, struct err *), struct err *err)
{
	DIR *folder = opendir(spool->folder);
	struct dirent *entry;
	int code = 0;

	if (!folder)
		return err_errno(err, ERR_FAILED, "could not open folder \"%s\"", spool->folder);
	while (code == 0 && (entry = readdir(folder)))
		code = visit(spool, entry->d_name, err);
	closedir(folder);
	return code;
}

static int scan_folder(struct spool *spool, struct err *err)
{
	int code = each_file(spool, take_file, err);

	if (code == 0)
		code = each_file(spool, clear_mark, err);
	if (spool->count)
		qsort(spool->batches, spool->count, sizeof(*spool->batches), by_number);
	return code;
}

static int lock_folder(struct spool *spool, struct err *err)
{
	char path[PATH_MAX];

	spool->lock = open(spool_path(spool, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (spool->lock < 0)
		return err_errno(err, ERR_FAILED, "could not create \"%s\"", path);
	if (flock(spool->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, ERR_FAILED, "spool \"%s\" is in use by another process", spool->folder);
	return 0;
}

/* Numbers go on behind the newest batch; if it is not known, in a new epoch, so that none is given twice. */
static int continue_numbers(struct spool *spool, bool fresh, struct err *err)
{
	if (spool->newest.number) {
		spool->next_number = spool->newest.number + 1;
		spool->next_seq = spool->newest.first_seq + spool->newest.events;
		return 0;
	}
	spool->next_number = 1;
	spool->next_seq = 1;
	if (fresh)
		return 0;
	spool->epoch++;
	return spool_identity_store(spool, err);
}

int spool_open(struct spool *spool, const char *folder, int64_t max, struct err *err)
{
	bool fresh = false;
	int code;

	*spool = (struct spool){ .folder = strdup(folder), .lock = -1, .max = max };
	if (!spool->folder)
		return err_set(err, ERR_MEMORY, "no memory");
	code = folder_create(folder, FOLDER_MODE, err);
	if (code == 0)
		code = lock_folder(spool, err);
	if (code == 0)
		code = spool_identity_load(spool, &fresh, err);
	if (code == 0)
		code = scan_folder(spool, err);
	if (code == 0)
		code = continue_numbers(spool, fresh, err);
	if (code < 0)
		spool_close(spool);
	return code;
}

void spool_close(struct spool *spool)
{
	if (!spool->folder)
		return;
	close_fd(&spool->lock);
	free(spool->batches);
	free(spool->folder);
	*spool = (struct spool){ .lock = -1 };
}

/* Takes a batch's file away; the newest leaves a mark with its numbers. into NULL: nobody needs its content. */
static void retire(struct spool *spool, struct spool_batch *batch, const char *into)
{
	char name[SPOOL_NAME_MAX], mark[SPOOL_NAME_MAX], path[PATH_MAX], mark_path[PATH_MAX];
	bool newest = batch->epoch == spool->epoch && batch->number == spool->newest.number;

	spool_path(spool, spool_name(batch, SPOOL_WAITING, name), path);
	spool_path(spool, spool_name(batch, SPOOL_ACKED, mark), mark_path);
	if (newest && into) {
		AUTO_FD int fd = open(mark_path, O_WRONLY | O_CREAT | O_CLOEXEC, FILE_MODE);

		/* without room for a mark the file stays; after a restart it is dealt with once more */
		if (fd >= 0)
			spool_move(spool, name, into);
	} else if (newest) {
		bool emptied UNUSED = rename(path, mark_path) == 0 && truncate(mark_path, 0) == 0;
	} else if (into) {
		spool_move(spool, name, into);
	} else {
		unlink(path);
	}
	list_remove(spool, batch);
}

void spool_remove(struct spool *spool, struct spool_batch *batch)
{
	retire(spool, batch, NULL);
}

uint64_t spool_oldest(const struct spool *spool)
{
	for (size_t i = 0; i < spool->count; i++) {
		if (spool->batches[i].epoch == spool->epoch)
			return spool->batches[i].number;
	}
	return spool->next_number;
}

struct spool_batch *spool_next(struct spool *spool, bool alerts)
{
	for (size_t i = 0; i < spool->count; i++) {
		if (!spool->batches[i].busy && spool->batches[i].alerts == alerts)
			return &spool->batches[i];
	}
	return NULL;
}

struct spool_batch *spool_find(struct spool *spool, uint64_t epoch, uint64_t number)
{
	for (size_t i = 0; i < spool->count; i++) {
		if (spool->batches[i].epoch == epoch && spool->batches[i].number == number)
			return &spool->batches[i];
	}
	return NULL;
}

/* Of a batch that cannot be read, as its name knows it; when things happened, and why others were lost, is lost with it. */
static void declare(struct spool *spool, const struct spool_batch *batch, const char *reason)
{
	int64_t now = time_now_ns();

	drops_add(&spool->drops, &(struct drop){ reason, batch->events + batch->declares, now, now });
}

/* Says when the events of a batch happened, and carries over what that batch had to declare. */
static void declare_lost(struct spool *spool, const struct batch *batch, const char *reason)
{
	struct drop drop = { .reason = reason, .count = batch->event_count };

	for (size_t i = 0; i < batch->event_count; i++) {
		int64_t at = batch->events[i].time_ns;

		drop.from_ns = i && drop.from_ns < at ? drop.from_ns : at;
		drop.until_ns = drop.until_ns > at ? drop.until_ns : at;
	}
	drops_add(&spool->drops, &drop);
	for (size_t i = 0; i < batch->drop_count; i++)
		drops_carry(&spool->drops, &batch->drops[i]);
}

/* What the batch had to declare is lost with it, unless it is declared again: a rejected batch may be one that nobody can read. */
void spool_reject(struct spool *spool, struct spool_batch *batch)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	char name[SPOOL_NAME_MAX], path[PATH_MAX];
	struct batch decoded;

	spool_path(spool, spool_name(batch, SPOOL_WAITING, name), path);
	if (file_read(path, FRAME_MAX, &frame, NULL) == 0 &&
	    wire_batch_decode(frame.data, frame.length, &arena, &decoded, NULL) == 0)
		declare_lost(spool, &decoded, REJECTED);
	else
		declare(spool, batch, REJECTED);
	retire(spool, batch, DEAD_NAME);
}

int spool_begin_stream(struct spool *spool, struct err *err)
{
	struct spool former = *spool;
	int code = random_bytes(spool->stream_id, STREAM_ID_SIZE, err);

	/* names of files have the epoch and not the stream; events' numbers go on, for some are in the open batch */
	spool->epoch++;
	if (code == 0)
		code = spool_identity_store(spool, err);
	if (code < 0) {
		memcpy(spool->stream_id, former.stream_id, STREAM_ID_SIZE);
		spool->epoch = former.epoch;
		return code;
	}
	drop_newest_mark(spool);
	spool->newest = (struct spool_batch){ 0 };
	spool->next_number = 1;
	return 0;
}

int spool_read(struct spool *spool, const struct spool_batch *batch, struct strbuf *frame, struct err *err)
{
	char name[SPOOL_NAME_MAX], path[PATH_MAX];
	int code;

	strbuf_clear(frame);
	spool_path(spool, spool_name(batch, SPOOL_WAITING, name), path);
	code = file_read(path, FRAME_MAX, frame, err);
	if (code == 0)
		code = wire_frame_check(frame->data, frame->length, err);
	if (code == 0)
		return 0;
	err_wrap(err, "batch \"%s\" of the spool", name);
	spool->corrupt++;
	declare(spool, batch, "spool-corrupt");
	retire(spool, (struct spool_batch *)batch, QUARANTINE_NAME);
	return ERR_SYNTAX;
}

static struct spool_batch *victim(struct spool *spool)
{
	struct spool_batch *oldest = NULL;

	for (size_t i = 0; i < spool->count; i++) {
		struct spool_batch *batch = &spool->batches[i];

		if (!batch->busy && !batch->alerts)
			return batch;
		if (!batch->busy && !oldest)
			oldest = batch;
	}
	return oldest;
}

static bool drop_one(struct spool *spool)
{
	struct spool_batch *batch = victim(spool);
	AUTO_STRBUF frame = STRBUF_INIT;
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch decoded;

	if (!batch)
		return false;
	if (spool_read(spool, batch, &frame, NULL) < 0)
		return true;
	if (wire_batch_decode(frame.data, frame.length, &arena, &decoded, NULL) == 0)
		declare_lost(spool, &decoded, "spool-full");
	else
		declare(spool, batch, "spool-full");
	retire(spool, batch, NULL);
	return true;
}

int spool_make_room(struct spool *spool, int64_t size, struct err *err)
{
	size = disk_size(size);
	while (spool->used + size > spool->max) {
		if (!drop_one(spool))
			return err_set(err, ERR_LIMIT, "spool \"%s\" of %lld bytes has no room for %lld more",
				       spool->folder, (long long)spool->max, (long long)size);
	}
	return 0;
}

int spool_put(struct spool *spool, const struct spool_batch *batch, const struct strbuf *frame, struct err *err)
{
	char name[SPOOL_NAME_MAX], path[PATH_MAX];
	struct spool_batch added = *batch;
	int code;

	spool_path(spool, spool_name(batch, SPOOL_WAITING, name), path);
	for (int tries = 0;; tries++) {
		errno = 0;
		code = file_write_atomic(path, frame->data, frame->length, FILE_MODE, err);
		if (code == 0)
			break;
		if ((errno != ENOSPC && errno != EDQUOT) || tries == FULL_TRIES_MAX || !drop_one(spool))
			return code;
	}
	added.busy = false;
	added.size = disk_size((int64_t)frame->length);
	if (!list_add(spool, &added)) {
		unlink(path);
		return err_set(err, ERR_MEMORY, "no memory");
	}
	drop_newest_mark(spool);
	spool->newest = added;
	spool->next_number = added.number + 1;
	return 0;
}
