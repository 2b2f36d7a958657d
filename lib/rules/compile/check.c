#include "rules/compile/compile.h"

#include <ctype.h>
#include <string.h>

#include "rules/compile/literal.h"
#include "rules/language/parser.h"
#include "rules/run/path_set.h"

/* Classes of types as the table of operators knows them. */
enum type_class { CLASS_NUMBER, CLASS_BOOL, CLASS_TEXT, CLASS_BYTES, CLASS_IP, CLASS_COUNT };

static const char *const class_names[CLASS_COUNT] = { "numeric", "boolean", "string", "buffer",
						      "ip address and network" };

#define OP_BIT(op)   (1u << OP_##op)
#define OPS_EQUALITY (OP_BIT(EQ) | OP_BIT(EQ2) | OP_BIT(NE) | OP_BIT(IN) | OP_BIT(INTERSECTS) | OP_BIT(EXISTS))
#define OPS_ORDER    (OP_BIT(LT) | OP_BIT(LE) | OP_BIT(GT) | OP_BIT(GE))
#define OPS_PARTS    (OP_BIT(CONTAINS) | OP_BIT(STARTSWITH) | OP_BIT(ENDSWITH))
#define OPS_BYTES    (OP_BIT(BCONTAINS) | OP_BIT(BSTARTSWITH))

static const unsigned int class_ops[CLASS_COUNT] = {
	[CLASS_NUMBER] = OPS_EQUALITY | OPS_ORDER,
	[CLASS_BOOL] = OPS_EQUALITY,
	[CLASS_TEXT] = OPS_EQUALITY | OPS_ORDER | OPS_PARTS | OP_BIT(ICONTAINS) | OP_BIT(GLOB) | OP_BIT(IGLOB) |
		       OP_BIT(REGEX) | OP_BIT(PMATCH),
	[CLASS_BYTES] = OPS_EQUALITY | OPS_PARTS | OPS_BYTES,
	[CLASS_IP] = OPS_EQUALITY,
};

static enum type_class class_of(enum value_type type)
{
	switch (type) {
	case VALUE_TEXT:
		return CLASS_TEXT;
	case VALUE_BYTES:
		return CLASS_BYTES;
	case VALUE_BOOL:
		return CLASS_BOOL;
	case VALUE_IP:
	case VALUE_NET:
		return CLASS_IP;
	default:
		return CLASS_NUMBER;
	}
}

static bool op_check(struct compiler *compiler, const struct ast_check *check, const struct operand *left)
{
	enum type_class class = class_of(left->type);
	bool list_op = check->op == OP_IN || check->op == OP_INTERSECTS || check->op == OP_EXISTS;

	if (left->is_list && !list_op)
		compile_error(compiler, check->op_at, "filter error: '%s' operator not supported for list filters",
			      op_infos[check->op].text);
	else if (!(class_ops[class] & (1u << check->op)))
		compile_error(compiler, check->op_at, "filter error: '%s' operator not supported for %s filters",
			      op_infos[check->op].text, class_names[class]);
	else
		return true;
	return false;
}

/* A constant that reads like a field or a transformer was probably meant as one. */
static void misuse_warn(struct compiler *compiler, const struct ast_text *text)
{
	AUTO_ARENA scratch;
	struct parse_error error;
	struct ast_operand *operand;
	size_t length, blanks = 0;

	while (blanks < text->length && isspace((unsigned char)text->data[blanks]))
		blanks++;
	arena_init(&scratch, 1u << 20);
	operand = operand_parse(text->data + blanks, text->length - blanks, &scratch, &length, &error);
	if (!operand)
		return;
	for (length += blanks; length < text->length; length++) {
		if (!isspace((unsigned char)text->data[length]))
			return;
	}
	if (operand->kind == OPERAND_TRANSFORM)
		compile_warning(compiler, text->at, "LOAD_COMPILE_CONDITION",
				"'%s' may be a valid field transformer misused as a const string value", text->data);
	else if (field_find(operand->text.data, operand->text.length) >= 0)
		compile_warning(compiler, text->at, "LOAD_COMPILE_CONDITION",
				"'%s' may be a valid field misused as a const string value", text->data);
}

static bool value_fill(struct compiler *compiler, struct matcher *matcher, const struct ast_text *text)
{
	struct value *value = &matcher->values[matcher->count];
	uint8_t bits = 0;
	const char *wrong = literal_read(matcher->type, text, value, &bits);

	if (wrong) {
		compile_error(compiler, text->at, "filter error: '%s' %s", text->data, wrong);
		return false;
	}
	if (matcher->op == OP_BCONTAINS || matcher->op == OP_BSTARTSWITH) {
		char *bytes = arena_alloc(&compiler->set->arena, text->length + 1);

		if (!bytes || !literal_bytes(text, bytes)) {
			compile_error(compiler, text->at, "filter error: '%s' is not hexadecimal", text->data);
			return false;
		}
		value->text = bytes;
		value->length = text->length / 2;
	}
	if (matcher->prefixes)
		matcher->prefixes[matcher->count] = bits;
	matcher->count++;
	return true;
}

/* .* .+ .? at a place: two bytes. */
static size_t wildcard_length(const char *text, size_t length)
{
	return length >= 2 && text[0] == '.' && text[1] && strchr("*+?", text[1]) ? 2 : 0;
}

/* True for a plain text with at most ^, $ and a wildcard at its ends. */
static bool regex_is_plain(const char *text, size_t length)
{
	size_t start = length && text[0] == '^', end = length;

	if (end > start && text[end - 1] == '$')
		end--;
	start += wildcard_length(text + start, end - start);
	if (end - start > 2 && text[end - 3] != '\\')
		end -= wildcard_length(text + end - 2, 2);
	for (size_t i = start; i < end; i++) {
		if (strchr(".*+?()[]{}|\\^$", text[i]))
			return false;
	}
	return true;
}

static bool regexes_fill(struct compiler *compiler, struct matcher *matcher, const struct ast_check *check)
{
	char message[PARSE_MESSAGE_MAX];
	size_t at;

	matcher->regexes = arena_array(&compiler->set->arena, struct regex *, check->count + 1);
	for (size_t i = 0; matcher->regexes && i < check->count; i++) {
		const struct ast_text *text = &check->texts[i];

		matcher->regexes[i] = regex_new(&compiler->set->arena, text->data, text->length, &at, message);
		if (!matcher->regexes[i]) {
			compile_error(compiler,
				      text->at + (compiler->home->text[text->at] == text->data[0] ? at : at + 1),
				      "invalid regular expression: %s", message);
			return false;
		}
		if (!vector_push(&compiler->set->regexes, &compiler->set->arena, matcher->regexes[i])) {
			regex_free(matcher->regexes[i]);
			return !(compiler->set->failed_memory = true);
		}
		if (regex_is_plain(text->data, text->length))
			compile_warning(compiler, text->at, "LOAD_COMPILE_CONDITION",
					"regular expression '%s' can be written with '=', 'startswith', 'endswith', "
					"'contains' or 'glob', which are faster",
					text->data);
	}
	return matcher->regexes;
}

bool matcher_fill(struct compiler *compiler, struct matcher *matcher, const struct ast_check *check)
{
	struct arena *arena = &compiler->set->arena;
	bool equal = matcher->op == OP_EQ || matcher->op == OP_IN || matcher->op == OP_INTERSECTS;
	bool as_set = matcher->modifier == MODIFIER_NONE || matcher->modifier == MODIFIER_ANYOF;

	matcher->values = arena_array(arena, struct value, check->count + 1);
	if (matcher->type == VALUE_NET)
		matcher->prefixes = arena_array(arena, uint8_t, check->count + 1);
	if (!matcher->values || (matcher->type == VALUE_NET && !matcher->prefixes))
		return !(compiler->set->failed_memory = true);
	for (size_t i = 0; i < check->count; i++) {
		if (!value_fill(compiler, matcher, &check->texts[i]))
			return false;
		if (class_of(matcher->type) == CLASS_TEXT && matcher->op != OP_REGEX)
			misuse_warn(compiler, &check->texts[i]);
	}
	if (compiler->set->is_strict && matcher->type == VALUE_NET && matcher->count)
		matcher->count = 1; /* QUIRK_FIRST_NETWORK */
	if (matcher->op == OP_REGEX)
		return regexes_fill(compiler, matcher, check);
	if (matcher->op == OP_PMATCH)
		return (matcher->paths = path_set_new(arena, matcher->values, matcher->count));
	if (class_of(matcher->type) == CLASS_TEXT || class_of(matcher->type) == CLASS_BYTES) {
		if ((equal && as_set) || (matcher->op == OP_NE && matcher->modifier == MODIFIER_ALLOF))
			return (matcher->set = text_set_new(arena, matcher->values, matcher->count));
	}
	return true;
}

static bool right_check(struct compiler *compiler, const struct ast_check *check, const struct matcher *matcher)
{
	const struct operand *left = &compiler->set->program.operands[matcher->left];
	const struct operand *right = &compiler->set->program.operands[matcher->right];

	if (check->op == OP_PMATCH || check->op == OP_REGEX || left->type == VALUE_NET || left->is_ends ||
	    right->is_ends)
		compile_error(compiler, check->operand->at, "'%s' cannot compare these two fields",
			      op_infos[check->op].text);
	else if (left->type != right->type || (left->is_list && !right->is_list))
		compile_error(compiler, check->operand->at, "the right-hand side has incompatible type");
	else
		return true;
	return false;
}

static bool is_domain(const struct operand *operand)
{
	return operand->kind == OPERAND_FIELD && (field_infos[operand->field].flags & FIELD_DOMAIN);
}

/* Domain names are the same in both cases, and with the dot at their end that DNS writes. */
static bool domain_plain(struct compiler *compiler, struct ast_check *check)
{
	struct arena *arena = &compiler->set->arena;
	struct ast_text *texts = arena_array(arena, struct ast_text, check->count + 1);

	for (size_t i = 0; texts && i < check->count; i++) {
		size_t length = check->texts[i].length;
		char *plain = arena_copy(arena, check->texts[i].data, length);

		if (!plain)
			return !(compiler->set->failed_memory = true);
		while (length && plain[length - 1] == '.')
			plain[--length] = 0;
		for (size_t k = 0; k < length; k++)
			plain[k] = (char)tolower((unsigned char)plain[k]);
		texts[i] = (struct ast_text){ plain, length, check->texts[i].at };
	}
	check->texts = texts;
	return texts || !(compiler->set->failed_memory = true);
}

/* NULL with an error reported. */
static struct matcher *matcher_compile(struct compiler *compiler, const struct ast_check *check)
{
	struct matcher *matcher = arena_new(&compiler->set->arena, struct matcher);
	const struct operand *left;

	if (!matcher) {
		compiler->set->failed_memory = true;
		return NULL;
	}
	matcher->left = operand_compile(compiler, check->left);
	matcher->right = NOTHING;
	if (matcher->left == NOTHING)
		return NULL;
	left = &compiler->set->program.operands[matcher->left];
	matcher->op = check->op == OP_EQ2 ? OP_EQ : check->op;
	matcher->modifier = check->modifier;
	matcher->type = left->type;
	matcher->is_list = left->is_list;
	matcher->is_ancestors = left->is_ancestors || is_domain(left);
	matcher->is_ends = left->is_ends;
	if (!op_check(compiler, check, left))
		return NULL;
	if (check->right == RIGHT_OPERAND) {
		matcher->right = operand_compile(compiler, check->operand);
		return matcher->right != NOTHING && right_check(compiler, check, matcher) ? matcher : NULL;
	}
	if (check->right == RIGHT_NONE)
		return matcher;
	return matcher_fill(compiler, matcher, check) ? matcher : NULL;
}

/* Events of the system call source have names that a table knows. */
static bool evt_types_check(struct compiler *compiler, const struct ast_check *check)
{
	bool fine = true;

	if (check->left->kind != OPERAND_FIELD || strcmp(check->left->text.data, "evt.type") != 0 ||
	    compiler->source != SOURCE_SYSCALL ||
	    (op_infos[check->op].kind != OP_KIND_LIST && check->op != OP_EQ && check->op != OP_EQ2 &&
	     check->op != OP_NE))
		return true;
	for (size_t i = 0; i < check->count; i++) {
		if (evt_type_known(check->texts[i].data))
			continue;
		compile_unknown(compiler, check->texts[i].at, "unknown event type %s", check->texts[i].data);
		fine = false;
	}
	return fine;
}

static void deprecated_warn(struct compiler *compiler, const struct ast_operand *operand)
{
	int field = operand->kind == OPERAND_FIELD ? field_find(operand->text.data, operand->text.length) : -1;

	if (field >= 0 && (field_infos[field].flags & FIELD_DEPRECATED))
		compile_warning(compiler, operand->at, "LOAD_DEPRECATED_ITEM",
				"usage of deprecated field '%s' has been detected in the rule condition",
				field_infos[field].name);
}

/* A field that nothing supplies makes a check false for good, which whoever brings the rule must know. */
static void absent_warn(struct compiler *compiler, const struct ast_operand *operand)
{
	const char *argument = operand->argument;
	int field = operand->kind == OPERAND_FIELD ? field_resolve(&operand->text, &argument) : -1;

	for (size_t i = 0; i < operand->count; i++)
		absent_warn(compiler, operand->operands[i]);
	if (field >= 0 && (field_infos[field].flags & FIELD_ABSENT) && !(field_infos[field].flags & FIELD_DEPRECATED))
		compile_warning(compiler, operand->at, "LOAD_COMPILE_CONDITION",
				"field '%s' is known, but nothing here supplies it: this check never holds",
				field_infos[field].name);
}

static uint32_t check_intern(struct compiler *compiler, const struct ast *ast)
{
	struct node node = { .kind = NODE_LEAF };
	AUTO_STRBUF key = STRBUF_INIT;
	uintptr_t known;

	compiler->home = ast->home;
	strbuf_addf(&key, "%d ", (int)compiler->source);
	ast_print(ast, &key);
	known = (uintptr_t)map_get(compiler->set->program.node_names, key.data);
	if (known)
		return (uint32_t)known - 1;
	deprecated_warn(compiler, ast->check->left);
	absent_warn(compiler, ast->check->left);
	if (ast->check->right == RIGHT_OPERAND)
		absent_warn(compiler, ast->check->operand);
	if (!evt_types_check(compiler, ast->check))
		return NOTHING;
	node.matcher = matcher_compile(compiler, ast->check);
	if (!node.matcher)
		return NOTHING;
	if (compiler->set->is_strict && ast->check->left->kind == OPERAND_FIELD &&
	    compiler->set->program.operands[node.matcher->left].field == FIELD_CT_REQUEST_DOCUMENTNAME)
		return NODE_FALSE; /* QUIRK_DOCUMENT_NAME */
	if (ast->check->modifier != MODIFIER_NONE && ast->check->right == RIGHT_LIST && !ast->check->count)
		return NODE_FALSE; /* as Falco: allof of nothing holds for nothing */
	return check_is_never(ast->check) ? NODE_FALSE : node_intern(compiler->set, key.data, &node);
}

/* The addresses behind names. */
static const struct {
	enum field name, address;
} domains[] = {
	{ FIELD_FD_CIP_NAME, FIELD_FD_CIP },
	{ FIELD_FD_SIP_NAME, FIELD_FD_SIP },
	{ FIELD_FD_LIP_NAME, FIELD_FD_LIP },
	{ FIELD_FD_RIP_NAME, FIELD_FD_RIP },
};

/* The address of a field that names it, or NULL. */
static const char *domain_address(const struct ast_operand *operand)
{
	int field = operand->kind == OPERAND_FIELD ? field_find(operand->text.data, operand->text.length) : -1;

	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		if (field == (int)domains[i].name)
			return field_infos[domains[i].address].name;
	}
	return NULL;
}

/*
 * A name other than this: as Falco, of every address that is not known by this name, also if none of its names is known. Hence
 * "there is an address, and not NAME = this".
 */
static uint32_t domain_differs(struct compiler *compiler, const struct ast *ast, const char *address)
{
	struct ast_operand operand = { .kind = OPERAND_FIELD, .at = ast->check->left->at };
	struct ast_check there = { .left = &operand, .op = OP_EXISTS, .right = RIGHT_NONE }, same = *ast->check;
	struct ast there_tree = { .kind = AST_CHECK, .check = &there, .home = ast->home };
	struct ast same_tree = { .kind = AST_CHECK, .check = &same, .home = ast->home };
	struct ast differs = { .kind = AST_NOT, .children = (struct ast *[]){ &same_tree }, .count = 1 };
	struct ast both = { .kind = AST_AND, .children = (struct ast *[]){ &there_tree, &differs }, .count = 2 };

	operand.text = (struct ast_text){ .data = address, .length = strlen(address) };
	same.op = OP_EQ;
	return node_compile(compiler, &both);
}

uint32_t check_compile(struct compiler *compiler, const struct ast *ast)
{
	const char *address = domain_address(ast->check->left);
	struct ast_check check = *ast->check;
	struct ast tree = *ast;

	tree.check = &check;
	compiler->home = ast->home;
	if (address && op_infos[check.op].kind != OP_KIND_UNARY && check.op != OP_REGEX && check.op != OP_GLOB &&
	    !domain_plain(compiler, &check))
		return NOTHING;
	if (address && check.op == OP_NE && check.modifier == MODIFIER_NONE && check.right != RIGHT_OPERAND)
		ast->check->node = domain_differs(compiler, &tree, address);
	else
		ast->check->node = check_intern(compiler, &tree);
	return ast->check->node;
}
