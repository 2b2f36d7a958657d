#include "bus/spool_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"

#define IDENTITY_NAME "stream"
#define IDENTITY_MAX  256
#define DECLARES      "-declares"
#define FOLDER_MODE   0700
#define FILE_MODE     0600

char *spool_name(const struct spool_batch *batch, const char *suffix, char out[SPOOL_NAME_MAX])
{
	char declares[sizeof(DECLARES) + 20] = "";

	if (batch->declares)
		snprintf(declares, sizeof(declares), DECLARES "%" PRIu64, batch->declares);
	snprintf(out, SPOOL_NAME_MAX, "%" PRIu64 "-%" PRIu64 "-%" PRIu64 "-%" PRIu32 "%s%s%s", batch->epoch,
		 batch->number, batch->first_seq, batch->events, batch->alerts ? "-alerts" : "", declares, suffix);
	return out;
}

const char *spool_name_parse(const char *name, struct spool_batch *ret)
{
	static const char *const suffixes[] = { SPOOL_WAITING, SPOOL_ACKED };
	const char *declares = strstr(name, DECLARES);
	char canonical[SPOOL_NAME_MAX];

	*ret = (struct spool_batch){ 0 };
	if (sscanf(name, "%" SCNu64 "-%" SCNu64 "-%" SCNu64 "-%" SCNu32, &ret->epoch, &ret->number, &ret->first_seq,
		   &ret->events) != 4)
		return NULL;
	ret->alerts = strstr(name, "-alerts") != NULL;
	if (declares && sscanf(declares, DECLARES "%" SCNu64, &ret->declares) != 1)
		return NULL;
	if (!ret->epoch || !ret->number || !ret->first_seq)
		return NULL;
	/* what would not be written so is not ours */
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (!strcmp(name, spool_name(ret, suffixes[i], canonical)))
			return suffixes[i];
	}
	return NULL;
}

char *spool_path(const struct spool *spool, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", spool->folder, name);
	return out;
}

static size_t entries_in(const char *path)
{
	DIR *folder = opendir(path);
	size_t count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

void spool_move(const struct spool *spool, const char *name, const char *into)
{
	char from[PATH_MAX], folder[PATH_MAX], to[PATH_MAX + SPOOL_NAME_MAX];

	spool_path(spool, name, from);
	spool_path(spool, into, folder);
	snprintf(to, sizeof(to), "%s/%s", folder, name);
	if (entries_in(folder) >= SPOOL_KEPT_MAX + 2 || folder_create(folder, FOLDER_MODE, NULL) < 0 ||
	    rename(from, to) < 0)
		unlink(from);
}

int spool_identity_store(const struct spool *spool, struct err *err)
{
	char id[2 * STREAM_ID_SIZE + 1], text[IDENTITY_MAX], path[PATH_MAX];
	int length;

	hex_format(spool->stream_id, STREAM_ID_SIZE, id);
	length = snprintf(text, sizeof(text), "clewline spool 1 %s %" PRIu64, id, spool->epoch);
	length += snprintf(text + length, sizeof(text) - (size_t)length, " %08" PRIx32 "\n",
			   crc32c(text, (size_t)length));
	return file_write_atomic(spool_path(spool, IDENTITY_NAME, path), text, (size_t)length, FILE_MODE, err);
}

static bool identity_parse(struct spool *spool, const char *text)
{
	char id[2 * STREAM_ID_SIZE + 1];
	uint32_t checksum;
	int used = 0;

	if (sscanf(text, "clewline spool 1 %32[0-9a-f] %" SCNu64 "%n %8" SCNx32, id, &spool->epoch, &used,
		   &checksum) != 3)
		return false;
	return crc32c(text, (size_t)used) == checksum && spool->epoch &&
	       hex_parse(id, spool->stream_id, STREAM_ID_SIZE, NULL) == 0;
}

int spool_identity_load(struct spool *spool, bool *ret_fresh, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	char path[PATH_MAX];
	int code = file_read(spool_path(spool, IDENTITY_NAME, path), IDENTITY_MAX, &text, err);

	*ret_fresh = false;
	if (code == 0 && identity_parse(spool, text.data))
		return 0;
	if (code != ERR_NOT_FOUND)
		spool_move(spool, IDENTITY_NAME, "quarantine");
	*ret_fresh = true;
	spool->epoch = 1;
	code = random_bytes(spool->stream_id, STREAM_ID_SIZE, err);
	return code < 0 ? code : spool_identity_store(spool, err);
}
