#include "cloudtrail/unread.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/time.h"
#include "cloudtrail/source/finished.h"

/* CloudTrail writes a file every 5 minutes or so, with what happened in about the last 15 (AWS CloudTrail User Guide). */
#define BEFORE_NS (15 * 60 * NS_PER_S)
#define AFTER_NS  (5 * 60 * NS_PER_S)
#define DAY_NS	  (24 * 3600 * NS_PER_S)

#define STAMP_LENGTH 14 /* 20261124T1205Z */

struct unread {
	struct finished *declared;
};

int unread_open(const char *path, struct unread **ret, struct err *err)
{
	struct unread *unread = calloc(1, sizeof(*unread));

	if (!unread)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (finished_open(path, &unread->declared, err) < 0) {
		free(unread);
		return err->code;
	}
	*ret = unread;
	return 0;
}

void unread_close(struct unread *unread)
{
	if (!unread)
		return;
	finished_close(unread->declared);
	free(unread);
}

static bool is_stamp(const char *text)
{
	for (int i = 0; i < STAMP_LENGTH; i++) {
		bool is_right = i == 8 ? text[i] == 'T' : i == 13 ? text[i] == 'Z' : isdigit((unsigned char)text[i]);

		if (!is_right)
			return false;
	}
	return text[STAMP_LENGTH] == '_';
}

static bool read_stamp(const char *stamp, int64_t *ret_ns)
{
	char time[TIME_TEXT_MAX];

	snprintf(time, sizeof(time), "%.4s-%.2s-%.2sT%.2s:%.2s:00Z", stamp, stamp + 4, stamp + 6, stamp + 9,
		 stamp + 11);
	return time_parse(time, ret_ns, NULL) == 0;
}

void unread_span(const struct walk_file *file, int64_t *ret_from_ns, int64_t *ret_until_ns)
{
	const char *slash = strrchr(file->path, '/'), *name = slash ? slash + 1 : file->path;
	int64_t at = file->modified_ns;

	for (const char *mark = strchr(name, '_'); mark; mark = strchr(mark + 1, '_')) {
		if (is_stamp(mark + 1) && read_stamp(mark + 1, &at))
			break;
	}
	*ret_from_ns = at - BEFORE_NS;
	*ret_until_ns = at + AFTER_NS;
}

int unread_declare(struct unread *unread, struct sender *sender, const struct walk_file *file, uint64_t count,
		   struct err *err)
{
	int64_t from_ns, until_ns;

	if (finished_has(unread->declared, file))
		return 0;
	unread_span(file, &from_ns, &until_ns);
	sender_drop_between(sender, DROP_UNREADABLE, count, from_ns, until_ns);
	return finished_add(unread->declared, file, err) < 0 ? (int)err->code : 1;
}

static bool has_digits(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
	}
	return text[count] == '\0' || text[count] == '/';
}

static bool read_day(int year, int month, int day, int64_t *ret_ns)
{
	char time[TIME_TEXT_MAX];

	snprintf(time, sizeof(time), "%04d-%02d-%02dT00:00:00Z", year, month, day);
	return time_parse(time, ret_ns, NULL) == 0;
}

/* A day, a month or a year, from year on; false where it is none. */
static bool read_layout(const char *year, int64_t *ret_from_ns, int64_t *ret_until_ns)
{
	int at = atoi(year), month, day;
	bool has_month = year[4] == '/' && has_digits(year + 5, 2);

	if (!has_month)
		return read_day(at, 1, 1, ret_from_ns) && read_day(at + 1, 1, 1, ret_until_ns);
	month = atoi(year + 5);
	if (year[7] != '/' || !has_digits(year + 8, 2))
		return read_day(at, month, 1, ret_from_ns) &&
		       read_day(at + month / 12, month % 12 + 1, 1, ret_until_ns);
	day = atoi(year + 8);
	if (!read_day(at, month, day, ret_from_ns))
		return false;
	*ret_until_ns = *ret_from_ns + DAY_NS;
	return true;
}

/* When it was made, or last changed if that was before (a copy keeps the time of change); 0 when it cannot be looked at. */
static int64_t made_ns(const char *folder)
{
	struct statx st;
	int64_t born, changed;

	if (statx(AT_FDCWD, folder, 0, STATX_BTIME | STATX_MTIME, &st) < 0)
		return 0;
	changed = st.stx_mtime.tv_sec * NS_PER_S + st.stx_mtime.tv_nsec;
	born = st.stx_btime.tv_sec * NS_PER_S + st.stx_btime.tv_nsec;
	return st.stx_mask & STATX_BTIME && born < changed ? born : changed;
}

void unread_folder_span(const char *folder, int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_until_ns)
{
	int64_t from = 0, until = now_ns;
	bool is_dated = false;

	for (const char *slash = strchr(folder, '/'); slash; slash = strchr(slash + 1, '/')) {
		if (strncmp(slash, "/20", 3) == 0 && has_digits(slash + 1, 4) &&
		    read_layout(slash + 1, &from, &until)) {
			is_dated = true;
			break;
		}
	}
	if (!is_dated) {
		from = made_ns(folder);
		until = now_ns;
	}
	until = is_dated && until + AFTER_NS < now_ns ? until + AFTER_NS : now_ns;
	if (!from || from > until)
		from = until;
	*ret_from_ns = from - BEFORE_NS;
	*ret_until_ns = until;
}

/* Known by the day until which it was declared. */
static struct walk_file folder_mark(const char *folder, int64_t until_ns)
{
	return (struct walk_file){ .path = folder, .modified_ns = until_ns / DAY_NS * DAY_NS };
}

bool unread_knows_folder(const struct unread *unread, const char *folder, int64_t now_ns)
{
	int64_t from_ns, until_ns;
	struct walk_file mark;

	unread_folder_span(folder, now_ns, &from_ns, &until_ns);
	mark = folder_mark(folder, until_ns);
	return finished_has(unread->declared, &mark);
}

int unread_declare_folder(struct unread *unread, struct sender *sender, const char *folder, int64_t now_ns,
			  struct err *err)
{
	int64_t from_ns, until_ns;
	struct walk_file mark;

	unread_folder_span(folder, now_ns, &from_ns, &until_ns);
	mark = folder_mark(folder, until_ns);
	if (finished_has(unread->declared, &mark))
		return 0;
	sender_drop_between(sender, DROP_UNREADABLE_FOLDER, 1, from_ns, until_ns);
	return finished_add(unread->declared, &mark, err) < 0 ? (int)err->code : 1;
}

int unread_save(struct unread *unread, struct err *err)
{
	return finished_save(unread->declared, err);
}
