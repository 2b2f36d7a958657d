#include "agent/fim/content.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/turn.h"
#include "base/attr.h"
#include "base/bytes.h"

#define PIECE (64u << 10)

static const char *const secrets[] = {
	"/etc/shadow*",
	"/etc/gshadow*",
	"*/.aws/*",
	"*/.ssh/id_*",
	"*/ssh/ssh_host_*_key",
	"*.pem",
	"*.key",
	"*.p12",
	"*.pfx",
	"*.kdbx",
	"*credentials*",
	"*secret*",
	"*password*",
	"*/.netrc",
	"*/.pgpass",
	"*/.docker/config.json",
	"*.env",
};

static int open_file(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static bool look(int fd, struct content *ret)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	ret->exists = true;
	ret->size = status.st_size;
	ret->mode = status.st_mode & 07777;
	ret->uid = status.st_uid;
	ret->gid = status.st_gid;
	ret->device = status.st_dev;
	ret->inode = status.st_ino;
	ret->modified = status.st_mtim;
	ret->changed = status.st_ctim;
	return true;
}

/* Keeps what is read, as long as it is a short text. */
static void keep(struct content *content, const char *data, size_t length)
{
	char *text;

	if (content->text_length + length > CONTENT_TEXT_MAX || memchr(data, 0, length)) {
		free(TAKE(content->text));
		content->text_length = CONTENT_TEXT_MAX;
		return;
	}
	text = realloc(content->text, content->text_length + length + 1);
	if (!text)
		return;
	memcpy(text + content->text_length, data, length);
	content->text = text;
	content->text_length += length;
	text[content->text_length] = '\0';
}

static void hash_with(int fd, EVP_MD_CTX *digest, char piece[PIECE], bool wants_text, struct content *ret)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	size_t total = 0;
	ssize_t got;

	while ((got = read(fd, piece, PIECE)) > 0) {
		total += (size_t)got;
		/* it grows while it is read */
		if (total > CONTENT_HASH_MAX || EVP_DigestUpdate(digest, piece, (size_t)got) != 1)
			return;
		if (wants_text)
			keep(ret, piece, (size_t)got);
	}
	if (got < 0 || EVP_DigestFinal_ex(digest, sum, &length) != 1)
		return;
	hex_format(sum, length, ret->sha256);
	ret->size = (int64_t)total;
	ret->has_hash = true;
}

/* The piece is dear for a thread's stack, and each thread needs its own. */
static void hash(int fd, EVP_MD_CTX *digest, bool wants_text, struct content *ret)
{
	char *piece = malloc(PIECE);

	if (piece)
		hash_with(fd, digest, piece, wants_text, ret);
	free(piece);
}

static void read_content(int root, const char *path, bool wants_text, struct content *ret)
{
	AUTO_FD int fd = open_file(root, path);
	EVP_MD_CTX *digest;

	*ret = (struct content){ 0 };
	if (!look(fd, ret) || ret->size > CONTENT_HASH_MAX)
		return;
	digest = EVP_MD_CTX_new();
	if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1)
		hash(fd, digest, wants_text && !content_is_secret(path), ret);
	EVP_MD_CTX_free(digest);
	if (wants_text && !ret->text && ret->has_hash && ret->size == 0)
		ret->text = strdup("");
}

void content_read(int root, const char *path, bool wants_text, struct content *ret)
{
	struct turn *turn = turn_pause();

	read_content(root, path, wants_text, ret);
	turn_resume(turn);
}

static void look_at(int root, const char *path, struct content *ret)
{
	AUTO_FD int fd = open_file(root, path);

	*ret = (struct content){ 0 };
	look(fd, ret);
}

void content_look(int root, const char *path, struct content *ret)
{
	struct turn *turn = turn_pause();

	look_at(root, path, ret);
	turn_resume(turn);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool content_is_same(const struct content *a, const struct content *b)
{
	return a->exists && b->exists && a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

bool content_is_secret(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		if (fnmatch(secrets[i], path, 0) == 0)
			return true;
	}
	return false;
}
