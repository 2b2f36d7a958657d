#include <string.h>

#include "scanner/package/formats.h"
#include "scanner/package/stanza.h"

#define INSTALLED "installed"

/* Members point into the file's text. */
struct paragraph {
	struct stanza_line name, version, architecture, source, status;
};

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "Package", offsetof(struct paragraph, name) },
	{ "Version", offsetof(struct paragraph, version) },
	{ "Architecture", offsetof(struct paragraph, architecture) },
	{ "Source", offsetof(struct paragraph, source) },
	{ "Status", offsetof(struct paragraph, status) },
};

static const char *copy(struct packages *packages, const struct stanza_line *line)
{
	return line->value_length ? arena_copy(&packages->arena, line->value, line->value_length) : NULL;
}

/* "install ok installed": the third word counts. status.d has no status: what is listed is installed. */
static bool is_installed(const struct stanza_line *status)
{
	size_t length = strlen(INSTALLED);

	if (!status->value)
		return true;
	return status->value_length > length &&
	       memcmp(status->value + status->value_length - length - 1, " " INSTALLED, length + 1) == 0;
}

/* "Source: name (version)"; without it, source and package are the same. */
static void set_source(struct packages *packages, const struct paragraph *paragraph, struct package *package)
{
	char *source = (char *)copy(packages, &paragraph->source), *open, *close;

	package->source = source ? source : package->name;
	package->source_version = package->version;
	open = source ? strchr(source, '(') : NULL;
	close = open ? strchr(open, ')') : NULL;
	if (!open)
		return;
	if (close)
		*close = '\0';
	package->source_version = open + 1;
	while (open > source && (*open == '(' || *open == ' '))
		*open-- = '\0';
}

static int add(struct packages *packages, const struct paragraph *paragraph, size_t layer, struct err *err)
{
	struct package package = { .type = "deb", .layer = layer };

	if (!paragraph->name.value_length || !paragraph->version.value_length || !is_installed(&paragraph->status))
		return 0;
	package.name = copy(packages, &paragraph->name);
	package.version = copy(packages, &paragraph->version);
	package.architecture = copy(packages, &paragraph->architecture);
	if (!package.name || !package.version)
		return err_set(err, ERR_LIMIT, "the package databases are larger than %u bytes", PACKAGES_BYTES_MAX);
	set_source(packages, paragraph, &package);
	return packages_add(packages, &package, err);
}

int dpkg_read(struct packages *packages, const struct tree_file *file, size_t layer, struct err *err)
{
	struct paragraph paragraph = { 0 };
	const char *text = file->content;
	struct stanza_line line;
	int code = 0;

	while (code == 0 && stanza_next(&text, &line)) {
		if (line.ends) {
			code = add(packages, &paragraph, layer, err);
			paragraph = (struct paragraph){ 0 };
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			if (stanza_is(&line, keys[i].key))
				*(struct stanza_line *)((char *)&paragraph + keys[i].offset) = line;
		}
	}
	return code < 0 ? code : add(packages, &paragraph, layer, err);
}
