#include "rules/ruleset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules/append_output.h"
#include "rules/compile/compile.h"
#include "rules/compile/plan.h"
#include "rules/file/item.h"
#include "rules/run/format.h"
#include "rules/run/run.h"

#define EVT_TYPES_WARN 100 /* a rule for more of them is slow, as Falco warns */

struct ruleset *ruleset_new(void)
{
	struct ruleset *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	arena_init(&set->arena, RULE_ARENA_MAX);
	arena_init(&set->sources, RULE_ARENA_MAX);
	set->least = PRIORITY_DEBUG;
	set->list_names = map_new();
	set->macro_names = map_new();
	set->rule_names = map_new();
	if (!set->list_names || !set->macro_names || !set->rule_names) {
		ruleset_free(set);
		return NULL;
	}
	return set;
}

/* The names by which equal rows were found are needed no more. */
static void names_free(struct ruleset *set)
{
	map_free(set->program.operand_names);
	map_free(set->program.node_names);
	set->program.operand_names = set->program.node_names = NULL;
}

void ruleset_free(struct ruleset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->regexes.count; i++)
		regex_free(set->regexes.items[i]);
	map_free(set->list_names);
	map_free(set->macro_names);
	map_free(set->rule_names);
	names_free(set);
	run_spare_free(set->program.spare);
	free(set->program.operands);
	free(set->program.nodes);
	free(set->program.terms);
	free(set->diagnostics);
	free(set->diagnostic_files);
	arena_fini(&set->sources);
	arena_fini(&set->arena);
	free(set);
}

static void requirement_add(struct item_reader *reader)
{
	struct requirement *requirement = arena_new(&reader->set->arena, struct requirement);

	if (!requirement || !vector_push(&reader->set->requirements, &reader->set->arena, requirement)) {
		reader->set->failed_memory = true;
		return;
	}
	*requirement = (struct requirement){ reader->item, item_origin(reader, NULL) };
}

/* What an item is, by the first of these keys that it has. */
static const struct {
	const char *key;
	void (*read)(struct item_reader *reader);
} kinds[] = {
	{ "required_engine_version", engine_version_check },
	{ "required_plugin_versions", requirement_add },
	{ "list", list_read },
	{ "macro", macro_read },
	{ "rule", rule_read },
};

static void item_read(struct item_reader *reader)
{
	if (yaml_is_null(reader->item))
		return;
	if (reader->item->kind != YAML_MAPPING) {
		item_error(reader, NULL, "LOAD_ERR_YAML_VALIDATE",
			   "Unexpected element type. Each element should be a yaml associative array.");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (yaml_get(reader->item, kinds[i].key)) {
			kinds[i].read(reader);
			return;
		}
	}
	item_warning(reader, NULL, "LOAD_UNKNOWN_ITEM", "Unknown top level item");
}

static void document_read(struct ruleset *set, const struct rule_file *file, const struct yaml_node *document)
{
	struct item_reader reader = { .set = set, .file = file, .item = document };

	if (yaml_is_null(document))
		return;
	if (document->kind != YAML_SEQUENCE) {
		item_error(&reader, NULL, "LOAD_ERR_YAML_VALIDATE", "Rules content is not yaml array of objects");
		return;
	}
	for (size_t i = 0; i < document->count; i++) {
		reader = (struct item_reader){ .set = set, .file = file, .item = document->items[i] };
		item_read(&reader);
	}
}

int ruleset_add_text(struct ruleset *set, const char *name, const char *text, size_t length, struct err *err)
{
	struct rule_file *file = arena_new(&set->arena, struct rule_file);
	struct origin origin = { .file = file };
	struct yaml_place place;
	struct yaml_file yaml;
	struct err problem;
	int done;

	if (set->program.node_count)
		return err_set(err, ERR_FAILED, "the rules are compiled already");
	if (!file || !vector_push(&set->files, &set->arena, file))
		return err_set(err, ERR_MEMORY, "out of memory");
	file->name = arena_dup(&set->arena, name);
	file->text = arena_copy(&set->arena, text, length);
	file->length = length;
	file->number = set->files.count;
	if (!file->name || !file->text)
		return err_set(err, ERR_MEMORY, "out of memory");
	done = yaml_parse_into(file->text, length, &(struct yaml_arenas){ &set->sources, &set->arena }, &yaml, &place,
			       &problem);
	if (done == ERR_MEMORY)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < yaml.count; i++)
		document_read(set, file, yaml.documents[i]);
	if (done < 0) {
		origin.line = place.line;
		origin.column = place.column;
		set_report(set, &origin, "LOAD_ERR_YAML_PARSE", NULL, "%s", problem.message);
	}
	return set->failed_memory ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}

static void version_set(struct ruleset *set, struct rule_item *rule, const char *condition)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const char *texts[] = { condition, rule->output.text, (const char[]){ (char)('0' + rule->priority), 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (const char *at = texts[i];; at++) {
			hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
			if (!*at)
				break;
		}
	}
	rule->info.version = arena_printf(&set->arena, "%016" PRIx64, hash);
	if (!rule->info.version)
		set->failed_memory = true;
}

static void info_set(struct ruleset *set, struct rule_item *rule, const struct ast *ast)
{
	AUTO_STRBUF text = STRBUF_INIT;

	ast_print(ast, &text);
	rule->info = (struct rule_info){
		.name = rule->name,
		.description = rule->description.text,
		.condition = arena_copy(&set->arena, text.data, text.length),
		.output = rule->output.text,
		.source = rule->source,
		.file = rule->origin.file->name,
		.line = rule->origin.line,
		.priority = rule->priority,
		.enabled = rule->enabled,
		.tags = (const char *const *)rule->tags.items,
		.tag_count = rule->tags.count,
	};
	version_set(set, rule, text.data);
	if (!rule->info.condition || text.failed)
		set->failed_memory = true;
}

/* Falco prints nothing for this any more; an output that still has it loses it. */
static void container_info_remove(struct ruleset *set, struct rule_item *rule, const char *label)
{
	static const char token[] = "%container.info";
	struct origin origin;
	char *found, *text;

	while ((found = rule->output.text ? strstr(rule->output.text, token) : NULL)) {
		origin = text_origin(&rule->output, (size_t)(found - rule->output.text));
		set_report(set, &origin, "LOAD_DEPRECATED_ITEM", label,
			   "%%container.info is deprecated: it is left out of the output");
		text = arena_printf(&set->arena, "%.*s%s", (int)(found - rule->output.text), rule->output.text,
				    found + strlen(token));
		if (!text) {
			set->failed_memory = true;
			return;
		}
		rule->output.text = text;
		rule->output.length -= strlen(token);
	}
}

static void rule_compile(struct ruleset *set, struct rule_item *rule)
{
	struct compiler compiler = { .set = set, .rule = rule, .label = item_label(set, "rule", rule->name) };
	struct pieced_text *condition = arena_new(&set->arena, struct pieced_text);
	int source = source_find(rule->source);
	struct ast *ast;
	bool fine;

	if (source < 0) {
		set_report(set, &rule->origin, "LOAD_UNKNOWN_SOURCE", compiler.label, "Unknown source %s, skipping",
			   rule->source);
		return;
	}
	if (!condition || !rule->condition.text || !rule->output.text) /* reported when it was read */
		return;
	compiler.source = source_kind(source);
	container_info_remove(set, rule, compiler.label);
	append_output_text(set, rule);
	if (!exceptions_apply(set, rule, condition))
		return;
	ast = condition_compile(set, condition, compiler.label, SIZE_MAX, &fine);
	rule->program.node = ast ? node_compile(&compiler, ast) : NOTHING;
	if (rule->program.node == NOTHING && fine && !compiler.failed && !compiler.is_skipped)
		set->failed_memory = true;
	format_compile(&compiler, &rule->output, &rule->program.output);
	append_output_fields(&compiler, rule);
	if (!fine || compiler.failed || compiler.is_skipped || set->failed_memory)
		return;
	rule->program.source = source;
	evt_set_compile(ast, &rule->program.events);
	if (source_kind(source) != SOURCE_SYSCALL) {
		memset(rule->program.events.bits, 0xff, sizeof(rule->program.events.bits));
		rule->program.events.others = true;
	} else if (rule->warn_evttypes && evt_set_count(&rule->program.events) > EVT_TYPES_WARN) {
		set_report(set, &rule->origin, "LOAD_NO_EVTTYPE", compiler.label,
			   "Rule matches too many evt.type values. This has a significant performance penalty.");
	}
	info_set(set, rule, ast);
	rule->ast = ast;
	if (!vector_push(&set->compiled, &set->arena, rule))
		set->failed_memory = true;
}

/* An index for sorting diagnostics, as the two arrays must move together. */
struct diagnostic_row {
	struct diagnostic diagnostic;
	size_t file, number;
};

static int row_compare(const void *left, const void *right)
{
	const struct diagnostic_row *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->diagnostic.line != b->diagnostic.line)
		return a->diagnostic.line < b->diagnostic.line ? -1 : 1;
	if (a->diagnostic.column != b->diagnostic.column)
		return a->diagnostic.column < b->diagnostic.column ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* In order of file and place; the same thing said of one place twice (a macro in several rules) is said once. */
static void diagnostics_sort(struct ruleset *set)
{
	AUTO_FREE struct diagnostic_row *rows = calloc(set->diagnostic_count + 1, sizeof(*rows));
	size_t kept = 0;

	if (!rows) {
		set->failed_memory = true;
		return;
	}
	for (size_t i = 0; i < set->diagnostic_count; i++)
		rows[i] = (struct diagnostic_row){ set->diagnostics[i], set->diagnostic_files[i], i };
	qsort(rows, set->diagnostic_count, sizeof(*rows), row_compare);
	for (size_t i = 0; i < set->diagnostic_count; i++) {
		const struct diagnostic *last = kept ? &set->diagnostics[kept - 1] : NULL, *now = &rows[i].diagnostic;

		if (last && last->line == now->line && last->column == now->column && last->file == now->file &&
		    strcmp(last->message, now->message) == 0)
			continue;
		set->diagnostic_files[kept] = rows[i].file;
		set->diagnostics[kept++] = *now;
	}
	set->diagnostic_count = kept;
}

static int first_error(const struct ruleset *set, struct err *err)
{
	for (size_t i = 0; i < set->diagnostic_count; i++) {
		const struct diagnostic *diagnostic = &set->diagnostics[i];

		if (diagnostic->is_error)
			return err_set(err, ERR_SYNTAX, "%s:%d:%d: %s%s%s", diagnostic->file, diagnostic->line,
				       diagnostic->column, diagnostic->item ? diagnostic->item : "",
				       diagnostic->item ? ": " : "", diagnostic->message);
	}
	return err_set(err, ERR_SYNTAX, "rules are wrong in more than %d places", DIAGNOSTICS_MAX);
}

static uint32_t evt_time_compile(struct ruleset *set)
{
	struct compiler compiler = { .set = set };
	struct ast_operand operand = { .kind = OPERAND_FIELD };

	operand.text.data = field_infos[FIELD_EVT_TIME].name;
	operand.text.length = strlen(operand.text.data);
	return operand_compile(&compiler, &operand);
}

int ruleset_compile(struct ruleset *set, struct err *err)
{
	if (set->program.node_count)
		return err_set(err, ERR_FAILED, "the rules are compiled already");
	for (size_t i = 0; i < set->requirements.count; i++)
		plugin_versions_check(set, set->requirements.items[i]);
	if (!program_init(set) || !lists_prepare(set))
		return err_set(err, ERR_MEMORY, "out of memory");
	set->program.evt_time = evt_time_compile(set);
	choices_apply(set);
	for (size_t i = 0; i < set->rules.count; i++)
		rule_compile(set, set->rules.items[i]);
	macros_warn_unused(set);
	if (!set->error_count)
		plans_compile(set);
	diagnostics_sort(set);
	names_free(set);
	arena_fini(&set->sources);
	if (set->failed_memory)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (set->error_count)
		return first_error(set, err);
	set->is_compiled = true;
	return 0;
}

const struct diagnostic *ruleset_diagnostics(const struct ruleset *set, size_t *ret_count)
{
	*ret_count = set->diagnostic_count;
	return set->diagnostics;
}

size_t ruleset_count(const struct ruleset *set)
{
	return set->compiled.count;
}

void ruleset_info(const struct ruleset *set, size_t index, struct rule_info *ret)
{
	*ret = ((const struct rule_item *)set->compiled.items[index])->info;
}

const struct event_class *set_class(const struct ruleset *set, const char *source, const char *evt_type)
{
	static const struct event_class none;
	int row = source_find(source);
	size_t length = strlen(evt_type), type;

	if (row < 0 || !set->is_compiled)
		return &none;
	type = text_set_find(set->program.evt_types, evt_type, length, text_hash(evt_type, length));
	if (type == TEXT_SET_NONE)
		type = EVT_TYPES_MAX;
	return evt_set_has(&set->program.wanted[row], (int)type) ? set->program.classes[row][type] : &none;
}

bool ruleset_wants(const struct ruleset *set, const char *source, const char *evt_type)
{
	return set_class(set, source, evt_type)->rule_count > 0;
}

bool ruleset_reads(const struct ruleset *set, enum field first, enum field last)
{
	for (size_t i = 0; i < set->program.operand_count; i++) {
		const struct operand *operand = &set->program.operands[i];

		if (operand->kind == OPERAND_FIELD && operand->field >= first && operand->field <= last)
			return true;
	}
	return false;
}

size_t ruleset_match(const struct ruleset *set, const char *source, const char *evt_type,
		     const struct field_reader *reader, void (*found)(void *context, size_t rule), void *context)
{
	const struct event_class *class = set_class(set, source, evt_type);
	size_t count;
	struct run run;

	if (!class->rule_count || !run_init(&run, &set->program, reader, evt_type))
		return 0;
	count = class_match(&run, class, found, context);
	run_fini(&run);
	return count;
}

static int field_add(struct alert_field *field, const char *name, const struct value *value, struct arena *arena,
		     struct err *err)
{
	AUTO_STRBUF json = STRBUF_INIT;
	int done = value_json(value, &json, err);

	if (done < 0)
		return done;
	field->name = name;
	field->json = arena_copy(arena, json.data, json.length);
	return field->json ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

/* One token that is a field is that field's value, all else is text. */
static int extra_add(struct alert_field *field, const struct format_field *extra, struct run *run,
		     struct arena *arena, struct err *err)
{
	const struct format *format = &extra->format;
	AUTO_STRBUF text = STRBUF_INIT;
	struct value value;

	if (format->count == 1 && format->tokens->name)
		return field_add(field, extra->name, run_operand(run, format->tokens->operand), arena, err);
	format_print(format, run, &text);
	if (text.failed)
		return err_set(err, ERR_MEMORY, "out of memory");
	value = value_text(text.data, text.length);
	return field_add(field, extra->name, &value, arena, err);
}

static bool is_known(const struct alert_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return true;
	}
	return false;
}

/* evt.time, every field that the output names, and those that were asked for besides; each once. */
static int fields_fill(const struct ruleset *set, const struct rule_program *program, struct run *run,
		       struct arena *arena, struct alert *ret, struct err *err)
{
	const struct format *format = &program->output;
	struct alert_field *fields =
		arena_array(arena, struct alert_field, format->count + program->extra_fields.count + 1);
	size_t count = 0;

	if (!fields)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (field_add(&fields[count++], field_infos[FIELD_EVT_TIME].name, run_operand(run, set->program.evt_time),
		      arena, err) < 0)
		return ERR_MEMORY;
	for (size_t i = 0; i < format->count; i++) {
		const struct format_token *token = &format->tokens[i];

		if (!token->name || is_known(fields, count, token->name))
			continue;
		if (field_add(&fields[count++], token->name, run_operand(run, token->operand), arena, err) < 0)
			return ERR_MEMORY;
	}
	for (size_t i = 0; i < program->extra_fields.count; i++) {
		const struct format_field *extra = program->extra_fields.items[i];

		if (is_known(fields, count, extra->name))
			continue;
		if (extra_add(&fields[count++], extra, run, arena, err) < 0)
			return ERR_MEMORY;
	}
	ret->fields = fields;
	ret->field_count = count;
	return 0;
}

int ruleset_alert(const struct ruleset *set, size_t index, const struct field_reader *reader, struct arena *arena,
		  struct alert *ret, struct err *err)
{
	const struct rule_item *rule = set->compiled.items[index];
	AUTO_STRBUF output = STRBUF_INIT;
	struct run run;
	int done;

	if (!run_init(&run, &set->program, reader, NULL))
		return err_set(err, ERR_MEMORY, "out of memory");
	*ret = (struct alert){ .rule = rule->name,
			       .rule_version = rule->info.version,
			       .priority = rule->priority,
			       .source = rule->source,
			       .tags = rule->info.tags,
			       .tag_count = rule->info.tag_count };
	format_print(&rule->program.output, &run, &output);
	ret->output = output.failed ? NULL : arena_copy(arena, output.data, output.length);
	done = ret->output ? fields_fill(set, &rule->program, &run, arena, ret, err)
			   : err_set(err, ERR_MEMORY, "out of memory");
	run_fini(&run);
	return done;
}
