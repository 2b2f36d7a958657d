#include "maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/file.h"
#include "scanner/image/digest.h"

static la_ssize_t take(struct archive *archive, void *context, const void *data, size_t length)
{
	(void)archive;
	strbuf_add(context, data, length);
	return (la_ssize_t)length;
}

static void add_file(struct archive *archive, const struct made_file *file)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = file->content ? strlen(file->content) : 0;
	bool folder = file->name[strlen(file->name) - 1] == '/';

	archive_entry_set_pathname(entry, file->name);
	archive_entry_set_filetype(entry, folder ? AE_IFDIR : file->link ? AE_IFLNK : AE_IFREG);
	archive_entry_set_perm(entry, file->mode ? file->mode : 0644);
	archive_entry_set_size(entry, (la_int64_t)length);
	if (file->link)
		archive_entry_set_symlink(entry, file->link);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	if (length)
		assert_int_equal(archive_write_data(archive, file->content, length), length);
	archive_entry_free(entry);
}

void make_tar(const struct made_file *files, struct strbuf *out)
{
	struct archive *archive = archive_write_new();

	assert_int_equal(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open(archive, out, NULL, take, NULL), ARCHIVE_OK);
	for (; files->name; files++)
		add_file(archive, files);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

static void put(const char *folder, const char *name, const void *data, size_t length)
{
	char path[512];
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write_atomic(path, data, length, 0644, &err), 0);
}

static void make_config(const struct made_image *image, const struct strbuf *layers, struct strbuf *out)
{
	strbuf_addf(
		out,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2021-05-31T00:00:00Z\",\"config\":{%s},",
		image->config);
	strbuf_adds(out, "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; image->layers[i]; i++) {
		char digest[DIGEST_TEXT_MAX];

		strbuf_addf(out, "%s\"%s\"", i ? "," : "", digest_of(layers[i].data, layers[i].length, digest));
	}
	strbuf_adds(out, "]}}");
}

/* A writer of tars whose contents may hold NUL. */
static void add_bytes(struct archive *archive, const char *name, const struct strbuf *data)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)data->length);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, data->data, data->length), data->length);
	archive_entry_free(entry);
}

void make_docker_archive(const struct made_image *image, const char *path)
{
	struct archive *archive = archive_write_new();
	struct strbuf layers[MADE_LAYERS_MAX];
	AUTO_STRBUF config = STRBUF_INIT;
	AUTO_STRBUF manifest = STRBUF_INIT;
	char digest[DIGEST_TEXT_MAX], name[128];
	size_t count = 0;

	for (; image->layers[count]; count++) {
		strbuf_init(&layers[count], STRBUF_MAX_DEFAULT);
		make_tar(image->layers[count], &layers[count]);
	}
	make_config(image, layers, &config);
	digest_of(config.data, config.length, digest);
	strbuf_addf(&manifest, "[{\"Config\":\"%s.json\",\"RepoTags\":[\"%s\"],\"Layers\":[", digest + 7, image->tag);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&manifest, "%s\"layer%zu/layer.tar\"", i ? "," : "", i);
	strbuf_adds(&manifest, "]}]");
	assert_int_equal(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
	/* top layer first: the order in the archive is not the order of the layers */
	for (size_t i = count; i-- > 0;) {
		snprintf(name, sizeof(name), "layer%zu/layer.tar", i);
		add_bytes(archive, name, &layers[i]);
		strbuf_fini(&layers[i]);
	}
	snprintf(name, sizeof(name), "%s.json", digest + 7);
	add_bytes(archive, name, &config);
	add_bytes(archive, "manifest.json", &manifest);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

static void pack(const struct strbuf *in, struct strbuf *out)
{
	z_stream stream = { .next_in = (unsigned char *)in->data, .avail_in = (unsigned int)in->length };
	size_t room = in->length + 1024;

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_out = (unsigned char *)strbuf_reserve(out, room);
	stream.avail_out = (unsigned int)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	strbuf_grown(out, stream.total_out);
	deflateEnd(&stream);
}

static void put_blob(const char *folder, const struct strbuf *data, char digest[DIGEST_TEXT_MAX])
{
	char name[128];

	digest_of(data->data, data->length, digest);
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	put(folder, name, data->data, data->length);
}

void make_layout(const struct made_image *image, const char *path)
{
	struct strbuf layers[MADE_LAYERS_MAX];
	AUTO_STRBUF config = STRBUF_INIT;
	AUTO_STRBUF manifest = STRBUF_INIT;
	AUTO_STRBUF index = STRBUF_INIT;
	char digest[DIGEST_TEXT_MAX], blobs[256];
	size_t count = 0;
	struct err err;

	snprintf(blobs, sizeof(blobs), "%s/blobs/sha256", path);
	assert_int_equal(folder_create(blobs, 0755, &err), 0);
	for (; image->layers[count]; count++) {
		strbuf_init(&layers[count], STRBUF_MAX_DEFAULT);
		make_tar(image->layers[count], &layers[count]);
	}
	make_config(image, layers, &config);
	put_blob(path, &config, digest);
	strbuf_addf(&manifest, "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		    digest, config.length);
	for (size_t i = 0; i < count; i++) {
		AUTO_STRBUF packed = STRBUF_INIT;

		pack(&layers[i], &packed);
		put_blob(path, &packed, digest);
		strbuf_addf(&manifest, "%s{\"digest\":\"%s\",\"size\":%zu}", i ? "," : "", digest, packed.length);
		strbuf_fini(&layers[i]);
	}
	strbuf_adds(&manifest, "]}");
	put_blob(path, &manifest, digest);
	strbuf_addf(&index,
		    "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":%zu,\"annotations\":"
		    "{\"io.containerd.image.name\":\"%s\"}}]}",
		    digest, manifest.length, image->tag);
	put(path, "index.json", index.data, index.length);
	put(path, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", strlen("{\"imageLayoutVersion\":\"1.0.0\"}"));
}
