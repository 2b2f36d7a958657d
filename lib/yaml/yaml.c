#include "yaml/yaml.h"

#include <string.h>

#include <libfyaml.h>

#include "yaml/check.h"

struct reader {
	const struct yaml_arenas *arenas;
	size_t nodes; /* made so far */
	struct err *err;
};

static struct yaml_node *node_read(struct reader *reader, struct fy_node *from, int depth);

static void place_set(struct yaml_node *node, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (!mark)
		return;
	node->line = mark->line + 1;
	node->column = mark->column + 1;
	node->offset = mark->input_pos;
}

static int scalar_read(struct reader *reader, struct fy_node *from, struct yaml_node *node)
{
	enum fy_node_style style = fy_node_get_style(from);
	const char *text = fy_node_get_scalar(from, &node->length);

	node->is_plain = style == FYNS_PLAIN || style == FYNS_ANY;
	node->is_block = style == FYNS_LITERAL || style == FYNS_FOLDED;
	node->text = arena_copy(reader->arenas->texts, text ? text : "", node->length);
	place_set(node, fy_node_get_scalar_token(from));
	return node->text ? 0 : err_set(reader->err, ERR_MEMORY, "out of memory");
}

static int sequence_read(struct reader *reader, struct fy_node *from, struct yaml_node *node, int depth)
{
	size_t count = fy_node_sequence_item_count(from);
	const struct yaml_node **items = arena_array(reader->arenas->nodes, const struct yaml_node *, count + 1);
	struct fy_node *item;
	void *cursor = NULL;

	if (!items)
		return err_set(reader->err, ERR_MEMORY, "out of memory");
	while (node->count < count && (item = fy_node_sequence_iterate(from, &cursor))) {
		items[node->count] = node_read(reader, item, depth);
		if (!items[node->count])
			return -1;
		node->count++;
	}
	node->items = items;
	if (node->count) {
		node->line = items[0]->line;
		node->column = items[0]->column;
		node->offset = items[0]->offset;
	}
	return 0;
}

static int mapping_read(struct reader *reader, struct fy_node *from, struct yaml_node *node, int depth)
{
	size_t count = fy_node_mapping_item_count(from);
	struct yaml_pair *pairs = arena_array(reader->arenas->nodes, struct yaml_pair, count + 1);
	struct fy_node_pair *pair;
	void *cursor = NULL;

	if (!pairs)
		return err_set(reader->err, ERR_MEMORY, "out of memory");
	while (node->count < count && (pair = fy_node_mapping_iterate(from, &cursor))) {
		pairs[node->count].key = node_read(reader, fy_node_pair_key(pair), depth);
		if (!pairs[node->count].key)
			return -1;
		pairs[node->count].value = node_read(reader, fy_node_pair_value(pair), depth);
		if (!pairs[node->count].value)
			return -1;
		node->count++;
	}
	node->pairs = pairs;
	if (node->count) {
		node->line = pairs[0].key->line;
		node->column = pairs[0].key->column;
		node->offset = pairs[0].key->offset;
	}
	return 0;
}

/* NULL with reader->err set. */
static struct yaml_node *node_read(struct reader *reader, struct fy_node *from, int depth)
{
	struct yaml_node *node = arena_new(reader->arenas->nodes, struct yaml_node);
	int done;

	if (!node) {
		err_set(reader->err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	if (++reader->nodes > YAML_NODES_MAX || depth > YAML_DEPTH_MAX) {
		err_set(reader->err, ERR_LIMIT, "more than %d values, or nested deeper than %d", YAML_NODES_MAX,
			YAML_DEPTH_MAX);
		return NULL;
	}
	node->line = node->column = 1;
	if (from && fy_node_is_alias(from)) {
		from = fy_node_resolve_alias(from);
		if (!from) {
			err_set(reader->err, ERR_SYNTAX, "an alias names no anchor");
			return NULL;
		}
	}
	switch (from ? fy_node_get_type(from) : FYNT_SCALAR) {
	case FYNT_SEQUENCE:
		node->kind = YAML_SEQUENCE;
		done = sequence_read(reader, from, node, depth + 1);
		break;
	case FYNT_MAPPING:
		node->kind = YAML_MAPPING;
		done = mapping_read(reader, from, node, depth + 1);
		break;
	default:
		node->kind = YAML_SCALAR;
		node->is_plain = true;
		node->text = "";
		done = from ? scalar_read(reader, from, node) : 0;
	}
	return done < 0 ? NULL : node;
}

/* The first error that libfyaml collected. */
static int error_take(struct fy_diag *diag, struct yaml_place *place, struct err *err)
{
	struct fy_diag_error *error;
	void *cursor = NULL;

	*place = (struct yaml_place){ 1, 1 };
	while ((error = fy_diag_errors_iterate(diag, &cursor))) {
		if (error->type != FYET_ERROR)
			continue;
		if (error->line > 0)
			*place = (struct yaml_place){ error->line, error->column };
		return err_set(err, ERR_SYNTAX, "%s", error->msg);
	}
	return err_set(err, ERR_SYNTAX, "not YAML");
}

static int documents_read(struct fy_parser *parser, struct reader *reader, struct yaml_file *ret)
{
	const struct yaml_node **documents =
		arena_array(reader->arenas->nodes, const struct yaml_node *, YAML_DOCUMENTS_MAX);
	struct fy_document *document;

	if (!documents)
		return err_set(reader->err, ERR_MEMORY, "out of memory");
	ret->documents = documents;
	while ((document = fy_parse_load_document(parser))) {
		struct fy_node *root = fy_document_root(document);
		struct yaml_node *node = root ? node_read(reader, root, 0) : NULL;

		fy_parse_document_destroy(parser, document);
		if (root && !node)
			return -1;
		if (ret->count == YAML_DOCUMENTS_MAX)
			return err_set(reader->err, ERR_LIMIT, "more than %d documents", YAML_DOCUMENTS_MAX);
		documents[ret->count++] = node;
	}
	return 0;
}

static void diag_free(struct fy_diag **diag)
{
	if (*diag)
		fy_diag_destroy(*diag);
}

static void parser_free(struct fy_parser **parser)
{
	if (*parser)
		fy_parser_destroy(*parser);
}

int yaml_parse(const char *text, size_t length, struct arena *arena, struct yaml_file *ret,
	       struct yaml_place *ret_place, struct err *err)
{
	return yaml_parse_into(text, length, &(struct yaml_arenas){ arena, arena }, ret, ret_place, err);
}

int yaml_parse_into(const char *text, size_t length, const struct yaml_arenas *arenas, struct yaml_file *ret,
		    struct yaml_place *ret_place, struct err *err)
{
	struct err own;
	struct reader reader = { .arenas = arenas, .err = err ? err : &own };
	struct fy_diag_cfg diag_config = { .level = FYET_ERROR, .module_mask = ~0u };
	struct fy_parse_cfg config = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
						FYPCF_SLOPPY_FLOW_INDENTATION };
	CLEANUP(diag_free) struct fy_diag *diag = NULL;
	CLEANUP(parser_free) struct fy_parser *parser = NULL;

	*ret = (struct yaml_file){ 0 };
	*ret_place = (struct yaml_place){ 1, 1 };
	if (!length)
		return 0;
	if (yaml_check(text, length, ret_place, err) < 0)
		return ERR_SYNTAX;
	diag = fy_diag_create(&diag_config);
	if (!diag)
		return err_set(err, ERR_MEMORY, "out of memory");
	fy_diag_set_collect_errors(diag, true);
	config.diag = diag;
	parser = fy_parser_create(&config);
	if (!parser)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (fy_parser_set_string(parser, text, length) < 0)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (documents_read(parser, &reader, ret) < 0)
		return reader.err->code;
	if (fy_parser_get_stream_error(parser))
		return error_take(diag, ret_place, err);
	return 0;
}
