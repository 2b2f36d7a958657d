#include "scanner/package/formats.h"
#include "scanner/package/stanza.h"

static const char *copy(struct packages *packages, const struct stanza_line *line)
{
	return line->value_length ? arena_copy(&packages->arena, line->value, line->value_length) : NULL;
}

static int add(struct packages *packages, struct package *package, struct err *err)
{
	if (!package->name || !package->version)
		return 0;
	if (!package->source)
		package->source = package->name;
	package->source_version = package->version;
	return packages_add(packages, package, err);
}

/* Keys are single letters, and their case counts: P name, V version, A architecture, o origin. */
static void take(struct packages *packages, const struct stanza_line *line, struct package *package)
{
	if (line->key_length != 1)
		return;
	switch (*line->key) {
	case 'P':
		package->name = copy(packages, line);
		break;
	case 'V':
		package->version = copy(packages, line);
		break;
	case 'A':
		package->architecture = copy(packages, line);
		break;
	case 'o':
		package->source = copy(packages, line);
		break;
	default:
		break;
	}
}

int apk_read(struct packages *packages, const struct tree_file *file, size_t layer, struct err *err)
{
	struct package package = { .type = "apk", .layer = layer };
	const char *text = file->content;
	struct stanza_line line;
	int code = 0;

	while (code == 0 && stanza_next(&text, &line)) {
		if (!line.ends) {
			take(packages, &line, &package);
			continue;
		}
		code = add(packages, &package, err);
		package = (struct package){ .type = "apk", .layer = layer };
	}
	return code < 0 ? code : add(packages, &package, err);
}
