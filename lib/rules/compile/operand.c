#include "rules/compile/compile.h"

#include <ctype.h>
#include <string.h>

#include "rules/compile/literal.h"
#include "rules/compile/suggest.h"

/* Fields whose argument may also be written behind a dot: evt.arg.path is evt.arg[path]. */
static const enum field dotted[] = { FIELD_EVT_ARG, FIELD_EVT_RAWARG };

int field_resolve(const struct ast_text *name, const char **argument)
{
	int field = field_find(name->data, name->length);

	for (size_t i = 0; field < 0 && i < ARRAY_SIZE(dotted); i++) {
		const char *prefix = field_infos[dotted[i]].name;
		size_t length = strlen(prefix);

		if (strncmp(name->data, prefix, length) == 0 && name->data[length] == '.' && !*argument) {
			*argument = name->data + length + 1;
			field = (int)dotted[i];
		}
	}
	return field;
}

static bool is_index(const char *text)
{
	size_t digits = 0;

	while (isdigit((unsigned char)text[digits]))
		digits++;
	return digits && !text[digits] && digits <= 4;
}

static bool argument_check(struct compiler *compiler, const struct ast_operand *from, const struct operand *operand)
{
	const struct field_info *info = &field_infos[operand->field];
	const char *argument = operand->argument;

	if (argument && !*argument)
		argument = NULL;
	if (!argument && (info->flags & FIELD_ARG_REQUIRED))
		compile_error(compiler, from->at, "field '%s' needs an argument, such as %s[...]", info->name,
			      info->name);
	else if (argument && !(info->flags & (FIELD_INDEX | FIELD_KEY)))
		compile_error(compiler, from->at, "field '%s' takes no argument", info->name);
	else if (argument && !(info->flags & FIELD_KEY) && !is_index(argument))
		compile_error(compiler, from->at, "field '%s' takes a number between its brackets, not '%s'",
			      info->name, argument);
	else
		return true;
	return false;
}

/* Names of fields that events of the compiler's source have. */
static const char *field_name(const void *context, size_t number)
{
	const struct compiler *compiler = context;
	const struct field_info *info = &field_infos[number];

	return info->source == SOURCE_ANY || info->source == compiler->source ? info->name : NULL;
}

/* " (did you mean 'fd.name'?)", or nothing. */
const char *field_suggestion(struct compiler *compiler, const char *name, size_t length)
{
	const char *meant = suggest(name, length, field_name, compiler, FIELD_COUNT);
	const char *text = meant ? arena_printf(&compiler->set->arena, " (did you mean '%s'?)", meant) : NULL;

	return text ? text : "";
}

static bool field_compile(struct compiler *compiler, const struct ast_operand *from, struct operand *ret)
{
	const char *argument = from->argument && *from->argument ? from->argument : NULL;
	int field = field_resolve(&from->text, &argument);
	const struct field_info *info;

	if (field < 0 || (field_infos[field].source != SOURCE_ANY && compiler->source != SOURCE_ANY &&
			  field_infos[field].source != compiler->source)) {
		compile_unknown(compiler, from->at,
				field < 0 ? "unrecognized field '%.*s'%s"
					  : "field '%.*s' does not exist in events of this source%s",
				(int)from->text.length, from->text.data,
				field < 0 ? field_suggestion(compiler, from->text.data, from->text.length) : "");
		return false;
	}
	info = &field_infos[field];
	*ret = (struct operand){ .kind = OPERAND_FIELD,
				 .field = (enum field)field,
				 .argument = argument,
				 .type = info->type,
				 .is_list = info->flags & FIELD_LIST,
				 .is_ancestors = (info->flags & FIELD_ANCESTOR) && !argument,
				 .is_ends = (info->flags & FIELD_FILTER_ONLY) };
	return argument_check(compiler, from, ret);
}

static bool constant_compile(struct compiler *compiler, const struct ast_operand *from, struct operand *ret)
{
	*ret = (struct operand){ .kind = OPERAND_TEXT, .type = VALUE_TEXT };
	ret->constant = value_text(from->text.data, from->text.length);
	if (!memchr(from->text.data, 0, from->text.length))
		return true;
	compile_error(compiler, from->at, "filter error: filter value cannot contain a NUL byte (\\x00)");
	return false;
}

static bool is_text(const struct operand *operand)
{
	return operand->type == VALUE_TEXT || operand->type == VALUE_BYTES;
}

static bool has_list(const struct operand *operands, const struct operand *transformed)
{
	for (size_t i = 0; i < transformed->count; i++) {
		if (operands[transformed->parts[i]].is_list)
			return true;
	}
	return false;
}

/* Checks the arguments of a transformer; sets the type of what it makes. */
static bool transform_check(struct compiler *compiler, const struct ast_operand *from, struct operand *ret)
{
	const struct transform_info *info = &transform_infos[from->transform];
	const struct operand *operands = compiler->set->program.operands, *first;

	if (from->count < info->min || from->count > info->max) {
		compile_error(compiler, from->at, "'%s' takes %zu argument%s, not %zu", info->name, info->min,
			      info->min == 1 ? "" : "s", from->count);
		return false;
	}
	if (from->argument && from->transform != TRANSFORM_GETOPT) {
		compile_error(compiler, from->at, "filter error: transformer '%s' does not support field arguments",
			      info->name);
		return false;
	}
	first = &operands[ret->parts[0]];
	ret->type = VALUE_TEXT;
	switch (from->transform) {
	case TRANSFORM_LEN:
		ret->type = VALUE_UINT;
		if (first->is_list || is_text(first))
			return true;
		break;
	case TRANSFORM_JOIN:
		if (first->kind == OPERAND_TEXT &&
		    (operands[ret->parts[1]].kind == OPERAND_LIST || operands[ret->parts[1]].is_list))
			return true;
		break;
	case TRANSFORM_CONCAT:
		if (!has_list(operands, ret))
			return true;
		break;
	case TRANSFORM_GETOPT:
		ret->is_list = !from->argument;
		if (from->argument && strlen(from->argument) != 1)
			break;
		if (first->is_list && is_text(first) && operands[ret->parts[1]].kind == OPERAND_TEXT)
			return true;
		break;
	default:
		ret->is_list = first->is_list;
		ret->is_ancestors = first->is_ancestors;
		if (is_text(first) && !first->is_ends)
			return true;
	}
	compile_error(compiler, from->at, "'%s' cannot be applied to this kind of value", info->name);
	return false;
}

static bool parts_compile(struct compiler *compiler, const struct ast_operand *from, struct operand *ret)
{
	ret->kind = from->kind;
	ret->transform = from->transform;
	ret->argument = from->argument;
	ret->type = VALUE_TEXT;
	ret->is_list = from->kind == OPERAND_LIST;
	ret->parts = arena_array(&compiler->set->arena, uint32_t, from->count + 1);
	if (!ret->parts) {
		compiler->set->failed_memory = true;
		return false;
	}
	for (; ret->count < from->count; ret->count++) {
		uint32_t part = operand_compile(compiler, from->operands[ret->count]);

		if (part == NOTHING)
			return false;
		ret->parts[ret->count] = part;
	}
	return from->kind == OPERAND_LIST || transform_check(compiler, from, ret);
}

/* Its texts are those of a tree that need not live as long. */
static void keep_texts(struct ruleset *set, struct operand *operand)
{
	const struct value *constant = &operand->constant;

	if (operand->argument) {
		operand->argument = arena_dup(&set->arena, operand->argument);
		set->failed_memory |= !operand->argument;
	}
	if (constant->text) {
		operand->constant =
			value_text(arena_copy(&set->arena, constant->text, constant->length), constant->length);
		set->failed_memory |= !constant->text;
	}
}

static uint32_t operand_add(struct ruleset *set, const char *key, const struct operand *operand)
{
	struct program *program = &set->program;

	if (program->operand_count == program->operand_size) {
		size_t size = program->operand_size ? program->operand_size * 2 : 64;
		struct operand *grown = realloc(program->operands, size * sizeof(*grown));

		if (!grown) {
			set->failed_memory = true;
			return NOTHING;
		}
		program->operands = grown;
		program->operand_size = size;
	}
	program->operands[program->operand_count] = *operand;
	keep_texts(set, &program->operands[program->operand_count++]);
	if (!map_put(program->operand_names, key, (void *)(uintptr_t)program->operand_count))
		set->failed_memory = true;
	return (uint32_t)program->operand_count - 1;
}

uint32_t operand_compile(struct compiler *compiler, const struct ast_operand *from)
{
	AUTO_STRBUF key = STRBUF_INIT;
	struct operand operand = { 0 };
	uintptr_t known;
	bool fine;

	/* the source is part of the key, so that a field is checked for every source that uses it */
	strbuf_addf(&key, "%d %d ", (int)compiler->source, (int)from->kind);
	operand_print(from, &key);
	known = (uintptr_t)map_get(compiler->set->program.operand_names, key.data);
	if (known)
		return (uint32_t)known - 1;
	switch (from->kind) {
	case OPERAND_FIELD:
		fine = field_compile(compiler, from, &operand);
		break;
	case OPERAND_TEXT:
	case OPERAND_NUMBER:
		fine = constant_compile(compiler, from, &operand);
		break;
	default:
		fine = parts_compile(compiler, from, &operand);
	}
	return fine ? operand_add(compiler->set, key.data, &operand) : NOTHING;
}
