#include "agent/fim/fim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/fim/line_diff.h"
#include "agent/proc/path.h"
#include "agent/proc/turn.h"
#include "agent/state/execution.h"
#include "base/map.h"
#include "base/stock.h"
#include "base/time.h"

#define ROOTS_MAX   64 /* of containers, kept open so that files can be looked at when their process is gone */
#define ENTRIES_MAX 64 /* calls under way whose file has been read */
#define KEY_MAX	    (PATH_MAX + 32)

struct root {
	uint64_t device, inode; /* of the folder */
	uint64_t used;		/* the clock when it was needed last; 0 = free */
	unsigned int holders;	/* who read below it at the moment */
	int fd;
};

/* What was there when a call began. */
struct entry {
	pid_t tid; /* 0 = free */
	enum sensor_call call;
	struct content content;
};

/* Opened for writing, and not looked at yet. */
struct pending {
	struct execution *process;	     /* a reference; NULL = free */
	unsigned int lane;		     /* who looks at it */
	bool is_busy;			     /* somebody looks at it now */
	int64_t opened_ns, begun_ns, due_ns; /* opened: wall clock; else CLOCK_MONOTONIC */
	struct content before, last;
	bool is_before_known;
	uint64_t device, inode; /* of the root */
	char *path;
};

struct fim {
	const struct watch_sets *sets;
	const struct baseline *baseline;
	fim_changed changed;
	void *context;
	struct root roots[ROOTS_MAX];
	struct entry entries[ENTRIES_MAX];
	size_t next_entry;
	struct pending pending[FIM_PENDING_MAX];
	size_t pending_count;
	struct map *known;     /* "DEVICE:INODE:PATH" of a root and a path to struct content without text */
	struct stock readable; /* bytes */
	uint64_t clock;
	struct fim_stats stats;
};

struct fim *fim_new(const struct watch_sets *sets, const struct baseline *baseline, fim_changed changed,
		    void *context)
{
	struct fim *fim = calloc(1, sizeof(*fim));

	if (!fim)
		return NULL;
	fim->sets = sets;
	fim->baseline = baseline;
	fim->changed = changed;
	fim->context = context;
	fim->known = map_new();
	for (size_t i = 0; i < ROOTS_MAX; i++)
		fim->roots[i].fd = -1;
	if (fim->known)
		return fim;
	fim_free(fim);
	return NULL;
}

static void pending_clear(struct fim *fim, struct pending *pending)
{
	if (!pending->process)
		return;
	execution_unref(pending->process);
	free(pending->path);
	free(pending->before.text);
	*pending = (struct pending){ 0 };
	fim->pending_count--;
}

static void free_known(const char *key UNUSED, void *value, void *context UNUSED)
{
	free(value);
}

static void forget_all(struct fim *fim)
{
	map_each(fim->known, free_known, NULL);
	map_free(fim->known);
}

void fim_free(struct fim *fim)
{
	if (!fim)
		return;
	for (size_t i = 0; i < FIM_PENDING_MAX; i++)
		pending_clear(fim, &fim->pending[i]);
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		free(fim->entries[i].content.text);
	for (size_t i = 0; i < ROOTS_MAX; i++)
		close_fd(&fim->roots[i].fd);
	if (fim->known)
		forget_all(fim);
	free(fim);
}

void fim_use(struct fim *fim, const struct watch_sets *sets, const struct baseline *baseline)
{
	fim->sets = sets;
	fim->baseline = baseline;
}

bool fim_watches(const struct fim *fim, const char *path)
{
	return watch_sets_find(fim->sets, path) != NULL;
}

void fim_stats(const struct fim *fim, struct fim_stats *ret)
{
	*ret = fim->stats;
}

/* Held until root_release(), as all roots below. */
static struct root *root_by_id(struct fim *fim, uint64_t device, uint64_t inode)
{
	for (size_t i = 0; i < ROOTS_MAX; i++) {
		struct root *root = &fim->roots[i];

		if (root->fd >= 0 && root->device == device && root->inode == inode) {
			root->used = ++fim->clock;
			root->holders++;
			return root;
		}
	}
	return NULL;
}

static void root_release(struct root *root)
{
	if (root)
		root->holders--;
}

/* NULL if somebody reads below each. */
static struct root *root_slot(struct fim *fim)
{
	struct root *slot = NULL;

	for (size_t i = 0; i < ROOTS_MAX; i++) {
		if (!fim->roots[i].holders && (!slot || fim->roots[i].used < slot->used))
			slot = &fim->roots[i];
	}
	if (slot)
		close_fd(&slot->fd);
	return slot;
}

/* Which root a process has, as whoever serves that root says. */
static bool find_root(pid_t pid, struct stat *ret)
{
	struct turn *turn = turn_pause();
	char path[32];
	int code;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	code = stat(path, ret);
	turn_resume(turn);
	return code == 0;
}

/* The root folder of a process, kept open; NULL if it is gone or may not be looked into. */
static struct root *root_of(struct fim *fim, pid_t pid)
{
	struct stat status;
	struct root *root;
	int fd;

	if (!find_root(pid, &status))
		return NULL;
	root = root_by_id(fim, status.st_dev, status.st_ino);
	if (root)
		return root;
	fd = path_open_root(pid);
	root = fd < 0 ? NULL : root_slot(fim);
	if (!root) {
		close_fd(&fd);
		return NULL;
	}
	*root = (struct root){ status.st_dev, status.st_ino, ++fim->clock, 1, fd };
	return root;
}

/* True if size bytes may be read now. */
static bool may_read(struct fim *fim, int64_t size)
{
	static const struct stock_rate rate = { FIM_READ_PER_S, NS_PER_S, FIM_READ_BURST };
	int64_t now_ns = time_monotonic_ns();

	if (!stock_has(&fim->readable, &rate, size, now_ns))
		return false;
	stock_take(&fim->readable, &rate, size, now_ns);
	return true;
}

static void known_key(const struct root *root, const char *path, char out[KEY_MAX])
{
	snprintf(out, KEY_MAX, "%llx:%llx:%s", (unsigned long long)root->device, (unsigned long long)root->inode,
		 path);
}

static void remember(struct fim *fim, const struct root *root, const char *path, const struct content *content)
{
	char key[KEY_MAX];
	struct content *copy;

	known_key(root, path, key);
	copy = map_get(fim->known, key);
	if (!copy) {
		struct map *fresh = map_count(fim->known) >= FIM_KNOWN_MAX ? map_new() : NULL;

		if (fresh) {
			forget_all(fim);
			fim->known = fresh;
		}
		copy = malloc(sizeof(*copy));
		if (!copy || !map_put(fim->known, key, copy)) {
			free(copy);
			return;
		}
	}
	*copy = *content;
	copy->text = NULL;
	copy->text_length = 0;
}

/* Content now; the hash only if there is an allowance, or it is known from before. Text is the caller's. */
static void read_now(struct fim *fim, const struct root *root, const char *path, bool wants_text, struct content *ret)
{
	const struct content *known;
	char key[KEY_MAX];

	content_look(root->fd, path, ret);
	if (!ret->exists)
		return;
	known_key(root, path, key);
	known = map_get(fim->known, key);
	if (known && known->has_hash && content_is_same(known, ret) && !wants_text) {
		*ret = *known;
		return;
	}
	if (ret->size > CONTENT_HASH_MAX || !may_read(fim, ret->size))
		return;
	content_read(root->fd, path, wants_text && ret->size <= CONTENT_TEXT_MAX, ret);
	remember(fim, root, path, ret);
}

/* The path whose content a call changes or ends. */
static const char *changed_path(const struct sensor_event *event, const char *path, const char *path2)
{
	return sensor_call_in(event->call, SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS) && path2 ? path2 : path;
}

static bool is_write(const struct sensor_event *event)
{
	return sensor_call_in(event->call, SENSOR_TRUNCATE_CALLS) ||
	       (sensor_call_in(event->call, SENSOR_OPEN_CALLS) && (event->flags & OPEN_WRITES));
}

bool fim_concerns(const struct sensor_event *event)
{
	return sensor_call_in(event->call, SENSOR_FILE_CALLS) &&
	       (!sensor_call_in(event->call, SENSOR_OPEN_CALLS) || is_write(event));
}

void fim_before(struct fim *fim, const struct sensor_event *event, const char *path, const char *path2)
{
	const char *changed = changed_path(event, path, path2);
	const struct watch_set *set = changed ? watch_sets_find(fim->sets, changed) : NULL;
	struct root *root;
	struct content content;
	struct entry *entry;

	if (!set && path && changed != path)
		set = watch_sets_find(fim->sets, changed = path);
	root = set && fim_concerns(event) && event->call != SENSOR_FTRUNCATE ? root_of(fim, event->tid) : NULL;
	if (!root)
		return;
	read_now(fim, root, changed, set->has_diff && is_write(event), &content);
	root_release(root);
	entry = &fim->entries[fim->next_entry++ % ENTRIES_MAX];
	free(entry->content.text);
	*entry = (struct entry){ event->tid, event->call, content };
}

/* What was there before the call, if it was looked at. Text goes to the caller. */
static bool take_entry(struct fim *fim, const struct sensor_event *event, struct content *ret)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &fim->entries[i];

		if (entry->tid != event->tid || entry->call != event->call)
			continue;
		*ret = entry->content;
		*entry = (struct entry){ 0 };
		return true;
	}
	return false;
}

/* The next best: what was seen of it last, or what was approved. */
static bool find_before(const struct fim *fim, const struct root *root, const char *path, struct content *ret)
{
	const struct baseline_entry *approved = baseline_find(fim->baseline, path);
	const struct content *known;
	char key[KEY_MAX];

	known_key(root, path, key);
	known = map_get(fim->known, key);
	*ret = (struct content){ 0 };
	if (known) {
		*ret = *known;
		return true;
	}
	if (!approved)
		return false;
	ret->exists = true;
	ret->size = approved->size;
	ret->has_hash = approved->sha256[0];
	memcpy(ret->sha256, approved->sha256, sizeof(ret->sha256));
	return true;
}

static void tell(struct fim *fim, const struct watch_set *set, const struct root *root, const char *path,
		 const struct content *before, const struct content *after, struct fim_told *ret)
{
	struct file_content *told = &ret->content;

	*told = (struct file_content){ .watch = set ? set->name : NULL, .size_before = -1, .size_after = -1 };
	if (before && before->exists)
		told->size_before = before->size;
	if (before && before->has_hash)
		told->before = memcpy(ret->before, before->sha256, SHA256_TEXT_SIZE);
	if (after->exists)
		told->size_after = after->size;
	if (after->has_hash)
		told->after = memcpy(ret->after, after->sha256, SHA256_TEXT_SIZE);
	if (package_owner(root->fd, path, ret->package))
		told->package = ret->package;
	if (fim->baseline) {
		enum baseline_change change = baseline_compare(baseline_find(fim->baseline, path), after);

		told->approval = change == BASELINE_SAME ? FILE_APPROVED : FILE_NOT_APPROVED;
	}
	strbuf_init(&ret->diff, LINE_DIFF_MAX + 16);
	if (before && before->text && after->text)
		line_diff(before->text, after->text, &ret->diff);
	if (ret->diff.length)
		told->diff = ret->diff.data;
	fim->stats.changes++;
	fim->stats.unread += after->exists && !after->has_hash ? 1 : 0;
}

void fim_told_fini(struct fim_told *told)
{
	strbuf_fini(&told->diff);
}

/* Of one that is looked at now it is not known what was still seen. */
static struct pending *find_pending(struct fim *fim, unsigned int lane, const struct root *root, const char *path)
{
	struct pending *place = NULL;

	for (size_t i = 0; i < FIM_PENDING_MAX; i++) {
		struct pending *pending = &fim->pending[i];

		if (pending->process && !pending->is_busy && pending->lane == lane &&
		    pending->device == root->device && pending->inode == root->inode &&
		    strcmp(pending->path, path) == 0)
			return pending;
		if (!pending->process && !place)
			place = pending;
	}
	return place;
}

/* The file is open for writing now; takes before's text. */
static void wait_for(struct fim *fim, const struct sensor_event *event, struct execution *process,
		     const struct root *root, const char *path, struct content *before, bool is_before_known)
{
	struct pending *pending = find_pending(fim, event->lane, root, path);
	int64_t now_ns = time_monotonic_ns();

	if (pending && pending->process) {
		pending->due_ns = now_ns + FIM_SETTLE_NS;
		free(TAKE(before->text));
		return;
	}
	if (!pending || !(pending->path = strdup(path))) {
		fim->stats.untold++;
		free(TAKE(before->text));
		return;
	}
	pending->process = execution_ref(process);
	pending->lane = event->lane;
	pending->opened_ns = event->time_ns;
	pending->begun_ns = now_ns;
	pending->due_ns = now_ns + FIM_SETTLE_NS;
	pending->before = *before;
	pending->is_before_known = is_before_known;
	pending->device = root->device;
	pending->inode = root->inode;
	fim->pending_count++;
}

bool fim_after(struct fim *fim, const struct sensor_event *event, struct execution *process, const char *path,
	       const char *path2, struct fim_told *ret)
{
	const char *changed = changed_path(event, path, path2);
	const struct watch_set *set;
	struct root *root;
	struct content before = { 0 }, after;
	bool is_known, was_read;

	if (!fim_concerns(event))
		return false;
	was_read = take_entry(fim, event, &before);
	set = changed ? watch_sets_find(fim->sets, changed) : NULL;
	/* a file that leaves its watched place is a change, too */
	if (!set && path && changed != path)
		set = watch_sets_find(fim->sets, changed = path);
	root = set && (!event->has_result || event->result >= 0) ? root_of(fim, event->tid) : NULL;
	if (!root) {
		free(before.text);
		return false;
	}
	is_known = was_read || event->is_new_file || find_before(fim, root, changed, &before);
	if (is_write(event)) {
		wait_for(fim, event, process, root, changed, &before, is_known);
		root_release(root);
		return false;
	}
	read_now(fim, root, changed, false, &after);
	tell(fim, set, root, changed, is_known ? &before : NULL, &after, ret);
	root_release(root);
	free(before.text);
	return true;
}

static bool is_changed(const struct pending *pending, const struct content *after)
{
	if (!pending->is_before_known || pending->before.exists != after->exists)
		return true;
	/* made and gone again: both are told by the calls that did it */
	if (!after->exists)
		return false;
	return !pending->before.has_hash || !after->has_hash || strcmp(pending->before.sha256, after->sha256) != 0;
}

static void look_at(struct fim *fim, struct pending *pending)
{
	const struct watch_set *set = watch_sets_find(fim->sets, pending->path);
	struct root *root = root_by_id(fim, pending->device, pending->inode);
	struct content after = { 0 };
	struct file_change change = { .op = FILE_OP_WRITE, .path = pending->path };
	struct fim_told told;

	if (!root) {
		fim->stats.untold++;
		return;
	}
	read_now(fim, root, pending->path, pending->before.text || (set && set->has_diff && !pending->before.exists),
		 &after);
	if (is_changed(pending, &after)) {
		change.mode = after.mode;
		/* a file that is new has all its lines new */
		if (!pending->before.exists && pending->is_before_known && after.text)
			pending->before.text = strdup("");
		tell(fim, set, root, pending->path, pending->is_before_known ? &pending->before : NULL, &after,
		     &told);
		change.content = &told.content;
		fim->changed(fim->context, pending->process, pending->opened_ns, &change);
		fim_told_fini(&told);
	}
	root_release(root);
	free(after.text);
}

/* Still being written to: its size or time is another one than at the last look. */
static bool is_settled(struct fim *fim, struct pending *pending, int64_t now_ns)
{
	struct root *root = root_by_id(fim, pending->device, pending->inode);
	struct content now = { 0 };
	bool is_same;

	if (!root)
		return true;
	content_look(root->fd, pending->path, &now);
	root_release(root);
	is_same = content_is_same(&pending->last, &now) || (!pending->last.exists && !now.exists);
	pending->last = now;
	if (is_same || now_ns - pending->begun_ns > FIM_SETTLE_MAX)
		return true;
	/* the first look has nothing to compare with: whoever changed it did so at least that long ago */
	if (now.exists && time_now_ns() - (now.modified.tv_sec * NS_PER_S + now.modified.tv_nsec) >= FIM_SETTLE_NS)
		return true;
	pending->due_ns = now_ns + FIM_SETTLE_NS;
	return false;
}

/* True if that is done with. */
static bool step(struct fim *fim, struct pending *pending, int64_t now_ns, bool all)
{
	bool is_over;

	pending->is_busy = true;
	is_over = all || (pending->due_ns <= now_ns && is_settled(fim, pending, now_ns));
	if (is_over) {
		look_at(fim, pending);
		pending_clear(fim, pending);
	}
	pending->is_busy = false;
	return is_over;
}

int64_t fim_step(struct fim *fim, unsigned int lane, bool all)
{
	int64_t now_ns = time_monotonic_ns(), next_ns = 0;

	for (size_t i = 0; i < FIM_PENDING_MAX && fim->pending_count; i++) {
		struct pending *pending = &fim->pending[i];

		if (!pending->process || pending->lane != lane || step(fim, pending, now_ns, all))
			continue;
		if (!next_ns || pending->due_ns < next_ns)
			next_ns = pending->due_ns;
	}
	return next_ns;
}

void fim_give_up(struct fim *fim, unsigned int lane)
{
	for (size_t i = 0; i < FIM_PENDING_MAX; i++)
		fim->stats.untold += fim->pending[i].process && fim->pending[i].lane == lane ? 1 : 0;
}
