#include "rules/compile/compile.h"
#include "rules/run/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum field_source kind;
} sources[RULE_SOURCES] = {
	{ "syscall", SOURCE_SYSCALL },
	{ "aws_cloudtrail", SOURCE_CLOUDTRAIL },
};

int source_find(const char *name)
{
	for (int i = 0; i < RULE_SOURCES; i++) {
		if (strcmp(sources[i].name, name) == 0)
			return i;
	}
	return -1;
}

enum field_source source_kind(int source)
{
	return sources[source].kind;
}

static void problem_report(struct compiler *compiler, size_t at, const char *code, const char *format, va_list args)
{
	struct origin origin = compiler->home ? home_origin(compiler->home, at) : compiler->rule->origin;
	char message[ERR_MESSAGE_MAX];

	vsnprintf(message, sizeof(message), format, args);
	set_report(compiler->set, &origin, code, compiler->label, "%s", message);
}

void compile_error(struct compiler *compiler, size_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problem_report(compiler, at, "LOAD_ERR_COMPILE_CONDITION", format, args);
	va_end(args);
	compiler->failed = true;
}

void compile_warning(struct compiler *compiler, size_t at, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problem_report(compiler, at, code, format, args);
	va_end(args);
}

void compile_unknown(struct compiler *compiler, size_t at, const char *format, ...)
{
	bool is_skipped = compiler->rule && compiler->rule->skip_unknown;
	va_list args;

	va_start(args, format);
	problem_report(compiler, at, is_skipped ? "LOAD_UNKNOWN_FILTER" : "LOAD_ERR_COMPILE_CONDITION", format, args);
	va_end(args);
	compiler->is_skipped |= is_skipped;
	compiler->failed |= !is_skipped;
}

bool program_init(struct ruleset *set)
{
	static const struct node constants[] = { { .kind = NODE_FALSE }, { .kind = NODE_TRUE } };

	set->program.operand_names = map_new();
	set->program.node_names = map_new();
	set->program.spare = run_spare_new();
	if (!set->program.operand_names || !set->program.node_names || !set->program.spare)
		return false;
	return node_intern(set, "false", &constants[0]) != NOTHING &&
	       node_intern(set, "true", &constants[1]) != NOTHING;
}

uint32_t node_intern(struct ruleset *set, const char *key, const struct node *node)
{
	struct program *program = &set->program;
	uintptr_t known = (uintptr_t)map_get(program->node_names, key);

	if (known)
		return (uint32_t)known - 1;
	if (program->node_count == program->node_size) {
		size_t size = program->node_size ? program->node_size * 2 : 256;
		struct node *grown = size <= NODES_MAX ? realloc(program->nodes, size * sizeof(*grown)) : NULL;

		if (!grown) {
			set->failed_memory = true;
			return NOTHING;
		}
		program->nodes = grown;
		program->node_size = size;
	}
	program->nodes[program->node_count++] = *node;
	if (!map_put(program->node_names, key, (void *)(uintptr_t)program->node_count)) {
		set->failed_memory = true;
		return NOTHING;
	}
	return (uint32_t)program->node_count - 1;
}

/* Takes constants out of an and, or or not; returns its number, if nothing else is left of it, or NOTHING. */
static uint32_t node_fold(struct node *node)
{
	uint32_t neutral = node->kind == NODE_AND ? NODE_TRUE : NODE_FALSE;
	size_t kept = 0;

	if (node->kind == NODE_NOT)
		return node->children[0] <= NODE_TRUE ? !node->children[0] : NOTHING;
	for (size_t i = 0; i < node->count; i++) {
		if (node->children[i] == !neutral)
			return !neutral;
		if (node->children[i] != neutral)
			node->children[kept++] = node->children[i];
	}
	node->count = kept;
	return kept == 0 ? neutral : kept == 1 ? node->children[0] : NOTHING;
}

uint32_t node_compile(struct compiler *compiler, const struct ast *ast)
{
	static const enum node_kind kinds[] = { [AST_AND] = NODE_AND, [AST_OR] = NODE_OR, [AST_NOT] = NODE_NOT };
	struct node node = { 0 };
	AUTO_STRBUF key = STRBUF_INIT;
	bool fine = true;
	uint32_t folded;

	if (ast->kind == AST_CHECK)
		return check_compile(compiler, ast);
	if (ast->kind == AST_MACRO) { /* reported when it was looked for */
		compiler->failed = true;
		return NOTHING;
	}
	node.kind = kinds[ast->kind];
	node.count = ast->count;
	node.children = arena_array(&compiler->set->arena, uint32_t, ast->count);
	if (!node.children) {
		compiler->set->failed_memory = true;
		return NOTHING;
	}
	for (size_t i = 0; i < ast->count; i++) {
		node.children[i] = node_compile(compiler, ast->children[i]);
		fine = fine && node.children[i] != NOTHING;
	}
	folded = fine ? node_fold(&node) : NOTHING;
	if (!fine || folded != NOTHING)
		return folded;
	strbuf_addf(&key, "%d:", (int)node.kind);
	for (size_t i = 0; i < node.count; i++)
		strbuf_addf(&key, "%u,", node.children[i]);
	return node_intern(compiler->set, key.data, &node);
}
