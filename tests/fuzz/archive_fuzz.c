/* What a file of the archive may hold when anything happened to it: the manifest, and the stream of rows, whole and in pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "base/time.h"
#include "collector/archive/manifest.h"
#include "store/stream.h"

#define ARENA_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the stream is cut into pieces changes nothing. */
static void as_stream(const uint8_t *data, size_t size)
{
	struct stream_check whole = { 0 }, pieces = { 0 };
	struct err err = { 0 };
	int code = stream_check_feed(&whole, data, size, &err), piece_code = 0;

	for (size_t i = 0, step; i < size && piece_code == 0; i += step) {
		step = 1 + data[i] % 7;
		step = step < size - i ? step : size - i;
		piece_code = stream_check_feed(&pieces, data + i, step, &err);
	}
	if (code != piece_code || whole.rows != pieces.rows || whole.state != pieces.state)
		abort();
}

static void as_manifest(const char *text, size_t size)
{
	const struct archive_unit unit = { 1, "agent", INT64_C(1764115200) * NS_PER_S };
	struct err err = { 0 };
	struct manifest *manifest;
	AUTO_ARENA arena;

	arena_init(&arena, ARENA_MAX);
	manifest = arena_new(&arena, struct manifest);
	if (manifest && manifest_parse("input", text, size, &unit, &arena, manifest, &err) == 0 &&
	    (manifest->part_count < 1 || manifest->part_count > MANIFEST_PARTS_MAX))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_stream(data, size);
	as_manifest((const char *)data, size);
	return 0;
}
