#include "rules/set.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct diagnostic *diagnostic_new(struct ruleset *set)
{
	size_t size = set->diagnostic_size ? set->diagnostic_size * 2 : 16;
	struct diagnostic *grown;
	size_t *files;

	if (set->diagnostic_count == DIAGNOSTICS_MAX)
		return NULL;
	if (set->diagnostic_count == set->diagnostic_size) {
		grown = realloc(set->diagnostics, size * sizeof(*grown));
		if (grown)
			set->diagnostics = grown;
		files = realloc(set->diagnostic_files, size * sizeof(*files));
		if (files)
			set->diagnostic_files = files;
		if (!grown || !files) {
			set->failed_memory = true;
			return NULL;
		}
		set->diagnostic_size = size;
	}
	return &set->diagnostics[set->diagnostic_count++];
}

/* Sets the source line and the offset of a diagnostic. */
static void place_set(struct ruleset *set, const struct rule_file *file, struct diagnostic *diagnostic)
{
	size_t length;
	const char *at = diagnostic_line(file->text, file->length, diagnostic->line, &length);

	if (!at)
		return;
	diagnostic->snippet = arena_copy(&set->arena, at, length);
	diagnostic->offset =
		(size_t)(at - file->text) + (size_t)(diagnostic->column > 0 ? diagnostic->column - 1 : 0);
}

void set_report(struct ruleset *set, const struct origin *origin, const char *code, const char *item,
		const char *format, ...)
{
	bool is_error = strncmp(code, "LOAD_ERR_", strlen("LOAD_ERR_")) == 0;
	char message[ERR_MESSAGE_MAX];
	struct diagnostic *diagnostic;
	va_list args;

	set->error_count += is_error;
	diagnostic = diagnostic_new(set);
	if (!diagnostic)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	*diagnostic = (struct diagnostic){ .is_error = is_error,
					   .code = code,
					   .file = origin->file->name,
					   .line = origin->line,
					   .column = origin->column,
					   .item = item,
					   .message = arena_dup(&set->arena, message) };
	place_set(set, origin->file, diagnostic);
	set->diagnostic_files[set->diagnostic_count - 1] = origin->file->number;
	if (!diagnostic->message)
		diagnostic->message = "out of memory";
}

const char *item_label(struct ruleset *set, const char *kind, const char *name)
{
	return arena_printf(&set->arena, "%s \"%s\"", kind, name);
}

struct origin text_origin(const struct pieced_text *text, size_t at)
{
	const struct piece *piece = NULL;
	struct origin origin;

	for (size_t i = 0; i < text->pieces.count; i++) {
		const struct piece *next = text->pieces.items[i];

		if (piece && next->at > at)
			break;
		piece = next;
	}
	if (!piece)
		return (struct origin){ 0 };
	origin = piece->origin;
	if (origin.node && !piece->is_made && origin.node->kind == YAML_SCALAR) {
		struct yaml_place place = yaml_place(origin.node, at > piece->at ? at - piece->at : 0,
						     origin.file->text, origin.file->length);

		origin.line = place.line;
		origin.column = place.column;
	}
	return origin;
}

bool text_append(struct ruleset *set, struct pieced_text *text, const char *more, struct origin origin, bool is_made)
{
	struct piece *piece = arena_new(&set->arena, struct piece);
	const char *joined =
		arena_printf(&set->arena, "%s%s%s", text->text ? text->text : "", text->length ? " " : "", more);

	if (!piece || !joined || !vector_push(&text->pieces, &set->arena, piece)) {
		set->failed_memory = true;
		return false;
	}
	*piece = (struct piece){ .at = text->length + (text->length ? 1 : 0), .origin = origin, .is_made = is_made };
	text->text = joined;
	text->length = strlen(joined);
	return true;
}
