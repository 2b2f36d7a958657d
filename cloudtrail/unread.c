#include "cloudtrail/unread.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cloudtrail/source/finished.h"

/* CloudTrail writes a file every 5 minutes or so, with what happened in about the last 15 (AWS CloudTrail User Guide). */
#define BEFORE_NS (15 * 60 * NS_PER_S)
#define AFTER_NS  (5 * 60 * NS_PER_S)

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

int unread_save(struct unread *unread, struct err *err)
{
	return finished_save(unread->declared, err);
}
