#include "scanner/image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define BLOCK_SIZE (256u << 10)

struct tar {
	struct archive *archive;
	char *path; /* of a file, for errors; or NULL */
	struct tar_source source;
	struct err source_err; /* why the source failed; libarchive only knows that it did */
	bool source_failed;
	bool raw;
};

void tar_close(struct tar *tar)
{
	if (!tar)
		return;
	archive_read_free(tar->archive);
	free(tar->path);
	free(tar);
}

void tar_close_pointer(struct tar **tar)
{
	tar_close(*tar);
	*tar = NULL;
}

static int fail(struct tar *tar, struct err *err)
{
	const char *reason = archive_error_string(tar->archive);
	long long offset = (long long)archive_filter_bytes(tar->archive, -1);

	if (tar->source_failed) {
		if (err)
			*err = tar->source_err;
		return tar->source_err.code;
	}
	if (!reason)
		reason = "unreadable";
	if (tar->path)
		return err_set(err, ERR_SYNTAX, "\"%s\" is damaged or not an image archive, at offset %lld: %s",
			       tar->path, offset, reason);
	return err_set(err, ERR_SYNTAX, "damaged at offset %lld: %s", offset, reason);
}

static int tar_new(struct tar **ret, bool packed, bool raw, struct err *err)
{
	AUTO_TAR tar = calloc(1, sizeof(*tar));

	if (!tar)
		return err_set(err, ERR_MEMORY, "out of memory");
	tar->raw = raw;
	tar->archive = archive_read_new();
	if (!tar->archive)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (packed && (archive_read_support_filter_gzip(tar->archive) != ARCHIVE_OK ||
		       archive_read_support_filter_zstd(tar->archive) != ARCHIVE_OK))
		return err_set(err, ERR_FAILED, "libarchive cannot read gzip and zstd");
	if (raw ? archive_read_support_format_raw(tar->archive) || archive_read_support_format_empty(tar->archive)
		: archive_read_support_format_tar(tar->archive) || archive_read_support_format_empty(tar->archive))
		return err_set(err, ERR_FAILED, "libarchive cannot read tar");
	*ret = TAKE(tar);
	return 0;
}

int tar_open_file(const char *path, struct tar **ret, struct err *err)
{
	AUTO_TAR tar = NULL;

	if (tar_new(&tar, true, false, err) < 0)
		return err->code;
	tar->path = strdup(path);
	if (archive_read_open_filename(tar->archive, path, BLOCK_SIZE) != ARCHIVE_OK)
		return fail(tar, err);
	*ret = TAKE(tar);
	return 0;
}

static la_ssize_t read_source(struct archive *archive, void *context, const void **ret)
{
	struct tar *tar = context;
	ssize_t got = tar->source.read(tar->source.context, ret, &tar->source_err);

	if (got >= 0)
		return got;
	tar->source_failed = true;
	archive_set_error(archive, EIO, "the source failed");
	return ARCHIVE_FATAL;
}

static int open_source(const struct tar_source *source, bool raw, struct tar **ret, struct err *err)
{
	AUTO_TAR tar = NULL;

	if (tar_new(&tar, raw, raw, err) < 0)
		return err->code;
	tar->source = *source;
	if (archive_read_open(tar->archive, tar, NULL, read_source, NULL) != ARCHIVE_OK)
		return fail(tar, err);
	*ret = TAKE(tar);
	return 0;
}

int tar_open_source(const struct tar_source *source, struct tar **ret, struct err *err)
{
	return open_source(source, false, ret, err);
}

int tar_open_packed(const struct tar_source *source, struct tar **ret, struct err *err)
{
	return open_source(source, true, ret, err);
}

static enum tar_kind kind_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return TAR_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return TAR_FILE;
	case AE_IFDIR:
		return TAR_FOLDER;
	case AE_IFLNK:
		return TAR_SYMLINK;
	default:
		return TAR_OTHER;
	}
}

static const char *either(const char *raw, const char *utf8)
{
	return raw ? raw : utf8;
}

int tar_next(struct tar *tar, struct tar_entry *ret, struct err *err)
{
	struct archive_entry *entry;
	const char *name;
	int code = archive_read_next_header(tar->archive, &entry);

	if (code == ARCHIVE_EOF)
		return 0;
	/* A warning is a name that the locale cannot show: the entry is there all the same. */
	if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
		return fail(tar, err);
	name = either(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
	*ret = (struct tar_entry){
		.name = name ? name : "",
		.kind = kind_of(entry),
		.mode = archive_entry_perm(entry),
		.uid = archive_entry_uid(entry),
		.gid = archive_entry_gid(entry),
		.size = archive_entry_size(entry),
	};
	if (ret->kind == TAR_HARDLINK)
		ret->link = either(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
	if (ret->kind == TAR_SYMLINK)
		ret->link = either(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
	return 1;
}

ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err)
{
	la_ssize_t got = archive_read_data(tar->archive, buffer, size);

	return got < 0 ? fail(tar, err) : got;
}

bool tar_normalise(const char *name, char *out, size_t size)
{
	size_t used = 0;

	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && name[0] == '.' && name[1] == '.') {
			/* a step back within the archive is fine: links between layers are written so */
			if (!used)
				return false;
			while (used && out[used - 1] != '/')
				used--;
			used -= used > 0;
		} else if (length && !(length == 1 && *name == '.')) {
			if (used + length + 2 > size)
				return false;
			if (used)
				out[used++] = '/';
			memcpy(out + used, name, length);
			used += length;
		}
		name += length;
		name += *name == '/';
	}
	out[used] = '\0';
	return used > 0;
}

int open_beneath(int folder, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, folder, name, &how, sizeof(how));

	/* Kernels before 5.6, and sandboxes that do not know the call: then no last link at all. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	return (int)fd;
}
