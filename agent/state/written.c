#include "agent/state/written.h"

#include <stdlib.h>

#include "base/attr.h"

#define BUCKETS (2 * WRITTEN_MAX)
#define NONE	UINT32_MAX
#define PATHS	1024

#define WRITERS_KEPT 16 /* found again, so that who writes many files is not described for each */

/* A file; rows are linked in their bucket, and in the order in which they were last heard of. */
struct row {
	struct file_id file;
	struct writing writing;
	uint32_t next, newer, older;
};

struct written {
	struct row rows[WRITTEN_MAX];
	uint32_t buckets[BUCKETS];
	uint32_t count, newest, oldest;
	uint64_t paths[PATHS];		      /* hashes, each at its own place */
	struct writer *writers[WRITERS_KEPT]; /* that wrote lately, by exec_id; NULL = none */
	struct writer *unknown;		      /* for whom there is no memory */
};

static const char *const words[] = {
#define X(id, word) [WRITING_##id] = (word),
	WRITING_KINDS(X)
#undef X
};

const char *writing_word(enum writing_kind kind)
{
	return words[kind];
}

struct written *written_new(void)
{
	struct written *written = calloc(1, sizeof(*written));

	if (!written)
		return NULL;
	for (size_t i = 0; i < BUCKETS; i++)
		written->buckets[i] = NONE;
	written->newest = written->oldest = NONE;
	written->unknown = writer_new(&(struct execution){ 0 });
	if (written->unknown)
		return written;
	free(written);
	return NULL;
}

void written_free(struct written *written)
{
	for (size_t i = 0; written && i < written->count; i++)
		writer_unref(written->rows[i].writing.by);
	for (size_t i = 0; written && i < WRITERS_KEPT; i++)
		writer_unref(written->writers[i]);
	if (written)
		writer_unref(written->unknown);
	free(written);
}

static uint32_t *bucket_of(const struct written *written, const struct file_id *file)
{
	/* with the time: a number that is given again and again must not make one long chain */
	uint64_t hash = (file->inode + (uint64_t)file->born_ns) * UINT64_C(0x9e3779b97f4a7c15) ^
			file->device * UINT64_C(0xc2b2ae3d27d4eb4f);

	return (uint32_t *)&written->buckets[(hash ^ hash >> 32) % BUCKETS];
}

static uint32_t find(const struct written *written, const struct file_id *file)
{
	uint32_t number = *bucket_of(written, file);

	while (number != NONE && !file_id_equal(&written->rows[number].file, file))
		number = written->rows[number].next;
	return number;
}

static void unlink_order(struct written *written, uint32_t number)
{
	const struct row *row = &written->rows[number];

	if (row->newer != NONE)
		written->rows[row->newer].older = row->older;
	else
		written->newest = row->older;
	if (row->older != NONE)
		written->rows[row->older].newer = row->newer;
	else
		written->oldest = row->newer;
}

static void link_newest(struct written *written, uint32_t number)
{
	struct row *row = &written->rows[number];

	row->newer = NONE;
	row->older = written->newest;
	if (written->newest != NONE)
		written->rows[written->newest].newer = number;
	else
		written->oldest = number;
	written->newest = number;
}

static void unlink_bucket(struct written *written, uint32_t number)
{
	uint32_t *at = bucket_of(written, &written->rows[number].file);

	while (*at != number)
		at = &written->rows[*at].next;
	*at = written->rows[number].next;
}

/* A row for the file, in its bucket, in no order. */
static uint32_t make_row(struct written *written, const struct file_id *file)
{
	uint32_t number = written->count, *bucket;

	if (number < WRITTEN_MAX) {
		written->count++;
	} else {
		number = written->oldest;
		unlink_order(written, number);
		unlink_bucket(written, number);
		writer_unref(written->rows[number].writing.by);
	}
	bucket = bucket_of(written, file);
	written->rows[number] = (struct row){ .file = *file, .next = *bucket };
	*bucket = number;
	return number;
}

/* The writer that by is, with a reference of its own. */
static struct writer *find_writer(struct written *written, const struct execution *by)
{
	struct writer **kept = &written->writers[by->view.exec_id % WRITERS_KEPT];

	if (!*kept || !writer_is(*kept, by)) {
		writer_unref(*kept);
		*kept = writer_new(by);
	}
	if (!*kept)
		kept = &written->unknown;
	(*kept)->refs++;
	return *kept;
}

void written_note(struct written *written, const struct file_id *file, enum writing_kind kind,
		  const struct execution *by, int64_t time_ns)
{
	uint32_t number = find(written, file);
	bool is_new = number == NONE;
	struct writing *writing;

	if (is_new)
		number = make_row(written, file);
	else
		unlink_order(written, number);
	link_newest(written, number);
	writing = &written->rows[number].writing;
	if (!is_new && kind != WRITING_WRITE && kind != WRITING_MEMFD)
		return;
	writer_unref(writing->by);
	*writing = (struct writing){ .kind = kind, .time_ns = time_ns, .by = find_writer(written, by) };
}

const struct writing *written_find(const struct written *written, const struct file_id *file, int64_t until_ns)
{
	uint32_t number = find(written, file);

	return number != NONE && written->rows[number].writing.time_ns <= until_ns ? &written->rows[number].writing
										   : NULL;
}

/* FNV-1a over the container and the path. */
static uint64_t path_hash(const struct execution *by, const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)by->container;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
	return hash;
}

void written_note_path(struct written *written, const struct execution *by, const char *path)
{
	uint64_t hash = path_hash(by, path);

	written->paths[hash % PATHS] = hash;
}

bool written_has_path(const struct written *written, const struct execution *by, const char *path)
{
	uint64_t hash = path_hash(by, path);

	return written->paths[hash % PATHS] == hash;
}

size_t written_count(const struct written *written)
{
	return written->count;
}
