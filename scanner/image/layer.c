#include "scanner/image/layer.h"

#include <string.h>

#include "scanner/image/shown.h"

#define CHUNK (128u << 10)

/* Packed bytes come from the member, unpacked ones go to the tar; each side has its digest. */
struct layer_stream {
	struct member *member;
	struct tar *unpack;
	struct digest *packed, *unpacked;
	uint64_t bytes;
	char in[CHUNK], out[CHUNK];
};

static ssize_t read_packed(void *context, const void **ret, struct err *err)
{
	struct layer_stream *stream = context;
	ssize_t got = stream->member->read(stream->member, stream->in, sizeof(stream->in), err);

	if (got > 0)
		digest_add(stream->packed, stream->in, (size_t)got);
	*ret = stream->in;
	return got;
}

static ssize_t read_unpacked(void *context, const void **ret, struct err *err)
{
	struct layer_stream *stream = context;
	ssize_t got = tar_read(stream->unpack, stream->out, sizeof(stream->out), err);

	if (got > 0) {
		digest_add(stream->unpacked, stream->out, (size_t)got);
		stream->bytes += (uint64_t)got;
		if (stream->bytes > LAYER_BYTES_MAX)
			return err_set(err, ERR_LIMIT, "it unpacks to more than %llu bytes", LAYER_BYTES_MAX);
	}
	*ret = stream->out;
	return got;
}

static int apply_entries(struct image *image, size_t index, struct layer_stream *stream, struct err *err)
{
	struct tar_source source = { .read = read_unpacked, .context = stream };
	AUTO_TAR tar = NULL;
	struct tar_entry entry;
	uint64_t entries = 0;
	int got;

	if (tar_open_source(&source, &tar, err) < 0)
		return err->code;
	while ((got = tar_next(tar, &entry, err)) > 0) {
		if (++entries > LAYER_ENTRIES_MAX)
			return err_set(err, ERR_LIMIT, "it has more than %d entries", LAYER_ENTRIES_MAX);
		if (tree_apply(&image->tree, index, &entry, tar, err) < 0)
			return err->code;
	}
	image->entries += entries;
	return got;
}

/* What follows the tar's own end belongs to the digests too. */
static int drain(struct layer_stream *stream, struct err *err)
{
	const void *data;
	ssize_t got;

	while ((got = read_unpacked(stream, &data, err)) > 0)
		;
	while (got == 0 && (got = read_packed(stream, &data, err)) > 0)
		got = 0;
	return (int)got;
}

static int check_digest(struct digest **digest, const char *wanted, const char *what, struct err *err)
{
	char text[DIGEST_TEXT_MAX];

	digest_finish(TAKE(*digest), text);
	if (*wanted && strcmp(text, wanted) != 0)
		return err_set(err, ERR_SYNTAX, "%s has digest %s, but must have %s", what, text, wanted);
	return 0;
}

static int read_layer(struct image *image, size_t index, struct layer_stream *stream, struct err *err)
{
	struct tar_source source = { .read = read_packed, .context = stream };
	const struct image_layer *layer = &image->layers[index];
	struct tar_entry whole;
	int got;

	if (tar_open_packed(&source, &stream->unpack, err) < 0)
		return err->code;
	got = tar_next(stream->unpack, &whole, err);
	if (got < 0 || (got > 0 && apply_entries(image, index, stream, err) < 0) || drain(stream, err) < 0)
		return err->code;
	image->bytes += stream->bytes;
	if (check_digest(&stream->packed, layer->digest, "it", err) < 0)
		return err->code;
	return check_digest(&stream->unpacked, layer->diff_id, "its content", err);
}

int layer_apply(struct image *image, size_t index, struct member *member, struct err *err)
{
	AUTO_FREE struct layer_stream *stream = calloc(1, sizeof(*stream));
	char safe[SHOWN_MAX];
	int code;

	if (!stream)
		return err_set(err, ERR_MEMORY, "out of memory");
	stream->member = member;
	stream->packed = digest_new();
	stream->unpacked = digest_new();
	if (stream->packed && stream->unpacked)
		code = read_layer(image, index, stream, err);
	else
		code = err_set(err, ERR_MEMORY, "out of memory");
	digest_free_pointer(&stream->packed);
	digest_free_pointer(&stream->unpacked);
	tar_close(stream->unpack);
	return code < 0
		       ? err_wrap(err, "layer %zu, entry \"%s\"", index + 1, shown(image->layers[index].member, safe))
		       : 0;
}
