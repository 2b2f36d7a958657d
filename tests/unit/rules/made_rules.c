#include "made_rules.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MOST 4
#define TEXTS	   "ab/aBb.-"

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

uint64_t random_next(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/* A field as conditions write it. */
struct made_field {
	const char *source, *text;
	enum field field;
	const char *argument;
};

static const struct made_field made_fields[] = {
	{ "syscall", "proc.name", FIELD_PROC_NAME, NULL },
	{ "syscall", "fd.name", FIELD_FD_NAME, NULL },
	{ "syscall", "fd.directory", FIELD_FD_DIRECTORY, NULL },
	{ "syscall", "proc.cmdline", FIELD_PROC_CMDLINE, NULL },
	{ "syscall", "proc.env[HOME]", FIELD_PROC_ENV, "HOME" },
	{ "syscall", "evt.arg.path", FIELD_EVT_ARG, "path" },
	{ "syscall", "proc.aname", FIELD_PROC_ANAME, NULL },
	{ "syscall", "proc.aname[2]", FIELD_PROC_ANAME, "2" },
	{ "syscall", "evt.buffer", FIELD_EVT_BUFFER, NULL },
	{ "syscall", "fd.num", FIELD_FD_NUM, NULL },
	{ "syscall", "user.uid", FIELD_USER_UID, NULL },
	{ "syscall", "evt.is_open_read", FIELD_EVT_IS_OPEN_READ, NULL },
	{ "syscall", "fd.sport", FIELD_FD_SPORT, NULL },
	{ "syscall", "fd.port", FIELD_FD_PORT, NULL },
	{ "syscall", "fd.sip", FIELD_FD_SIP, NULL },
	{ "syscall", "fd.ip", FIELD_FD_IP, NULL },
	{ "syscall", "fd.sip.name", FIELD_FD_SIP_NAME, NULL },
	{ "syscall", "fd.snet", FIELD_FD_SNET, NULL },
	{ "syscall", "fd.net", FIELD_FD_NET, NULL },
	{ "syscall", "proc.duration", FIELD_PROC_DURATION, NULL },
	{ "aws_cloudtrail", "ct.name", FIELD_CT_NAME, NULL },
	{ "aws_cloudtrail", "ct.src", FIELD_CT_SRC, NULL },
	{ "aws_cloudtrail", "json.value[/a]", FIELD_JSON_VALUE, "/a" },
	{ "aws_cloudtrail", "ec2.imageids", FIELD_EC2_IMAGEIDS, NULL },
	{ "aws_cloudtrail", "s3.bytes", FIELD_S3_BYTES, NULL },
};

static const char *const types[] = { "open", "openat", "execve", "connect", "close", "unlinkat" };
static const char *const addresses[] = { "10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.1.1", "::1", "fe80::1" };
static const char *const nets[] = { "10.0.0.0/8",     "10.0.0.0/31", "10.0.0.2/32", "0.0.0.0/0",
				    "192.168.0.0/16", "fe80::/10",   "::/0",	    "::ffff:0:0/96" };
static const char *const globs[] = { "*a*", "/*", "?b*", "[ab]*", "a\\\\*", "*/a", "/a*b", "b", "[!a]?", "*.*a" };
static const char *const regexes[] = { "a.*", "/a+b?", ".*b", "a|b.*", "(ab)*", "/.*", "[ab]+", "ab?.*", "a/b" };
static const char *const paths[] = { "/", "/a", "a/b", "/b*", "/a/?", "//a//b", "/[ab]/a", "/ab", "" };
static const char *const hexes[] = { "61", "6162", "2f", "62", "612f" };

#define PICK(array) ((array)[random_next(sizeof(array) / sizeof(*(array)))])

static const struct made_field *field_pick(const char *source)
{
	const struct made_field *field;

	do {
		field = &PICK(made_fields);
	} while (strcmp(field->source, source) != 0);
	return field;
}

static void text_add(struct strbuf *out, size_t most)
{
	for (size_t left = random_next(most + 1); left; left--)
		strbuf_addc(out, TEXTS[random_next(sizeof(TEXTS) - 1)]);
}

/* A constant of a type, for an operator. */
static void constant_add(struct strbuf *out, enum value_type type, const char *op)
{
	strbuf_addc(out, '\'');
	if (strcmp(op, "glob") == 0 || strcmp(op, "iglob") == 0)
		strbuf_adds(out, PICK(globs));
	else if (strcmp(op, "regex") == 0)
		strbuf_adds(out, PICK(regexes));
	else if (strcmp(op, "pmatch") == 0)
		strbuf_adds(out, PICK(paths));
	else if (*op == 'b')
		strbuf_adds(out, PICK(hexes));
	else if (type == VALUE_TEXT || type == VALUE_BYTES)
		text_add(out, random_next(3) ? 2 : 4);
	else if (type == VALUE_BOOL)
		strbuf_adds(out, random_next(2) ? "true" : "false");
	else if (type == VALUE_IP)
		strbuf_adds(out, PICK(addresses));
	else if (type == VALUE_NET)
		strbuf_adds(out, PICK(nets));
	else
		strbuf_addf(out, "%d", (int)random_next(5));
	strbuf_addc(out, '\'');
}

static void constants_add(struct strbuf *out, enum value_type type, const char *op)
{
	strbuf_addc(out, '(');
	for (size_t i = 0, count = 1 + random_next(4); i < count; i++) {
		strbuf_adds(out, i ? ", " : "");
		constant_add(out, type, op);
	}
	strbuf_addc(out, ')');
}

static const char *op_pick(enum value_type type, bool is_list)
{
	static const char *const equal[] = { "=", "!=", "in", "in", "intersects", "exists" };
	static const char *const number[] = { "=", "!=", "in", "<", "<=", ">", ">=", "exists", "intersects" };
	static const char *const text[] = { "=",	 "!=",	       "in",	   "in",   "contains",
					    "icontains", "startswith", "endswith", "glob", "iglob",
					    "regex",	 "pmatch",     "exists",   "=",	   "startswith",
					    "endswith",	 "contains" };
	static const char *const bytes[] = { "=",	   "!=",       "in",	    "contains",
					     "startswith", "endswith", "bcontains", "bstartswith" };
	static const char *const list[] = { "in", "intersects", "exists" };

	if (is_list)
		return PICK(list);
	switch (type) {
	case VALUE_TEXT:
		return PICK(text);
	case VALUE_BYTES:
		return PICK(bytes);
	case VALUE_BOOL:
	case VALUE_IP:
	case VALUE_NET:
		return PICK(equal);
	default:
		return PICK(number);
	}
}

static bool takes_modifier(const char *op)
{
	static const char *const with[] = { "=", "!=", "contains", "icontains", "startswith", "endswith", "glob" };

	for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++) {
		if (strcmp(op, with[i]) == 0)
			return true;
	}
	return false;
}

static void op_add(struct strbuf *out, enum value_type type, bool is_list)
{
	static const char *const modifiers[] = { "oneof", "anyof", "allof" };
	const char *op = op_pick(type, is_list);

	strbuf_addf(out, " %s", op);
	if (strcmp(op, "exists") == 0)
		return;
	strbuf_addc(out, ' ');
	if (strcmp(op, "in") == 0 || strcmp(op, "intersects") == 0 || strcmp(op, "pmatch") == 0) {
		constants_add(out, type, op);
	} else if (*op == '<' || *op == '>') {
		strbuf_addf(out, "%d", (int)random_next(5));
	} else if (takes_modifier(op) && random_next(5) == 0) {
		strbuf_addf(out, "%s ", PICK(modifiers));
		constants_add(out, type, op);
	} else {
		constant_add(out, type, op);
	}
}

static void type_check_add(struct strbuf *out)
{
	switch (random_next(6)) {
	case 0:
		strbuf_addf(out, "evt.type != %s", PICK(types));
		return;
	case 1:
		strbuf_addf(out, "evt.type in (%s, %s)", PICK(types), PICK(types));
		return;
	case 2:
		strbuf_addf(out, "evt.type startswith %.3s", PICK(types));
		return;
	case 3:
		strbuf_addf(out, "toupper(evt.type) contains %c", "OPENC"[random_next(5)]);
		return;
	default:
		strbuf_addf(out, "evt.type = %s", PICK(types));
	}
}

static void transform_check_add(struct strbuf *out)
{
	static const char *const made[] = { "tolower(fd.name)",	   "toupper(proc.name)",
					    "basename(fd.name)",   "concat(proc.name, '/', fd.directory)",
					    "tolower(proc.aname)", "join('a', (proc.name, fd.name))" };
	static const char *const lengths[] = { "len(fd.name) <= 3", "len(proc.name) = 2",
					       "len(fd.name) in (1, 4, 5)" };
	static const char *const pairs[] = {
		"proc.name = val(fd.name)",	      "fd.name startswith val(proc.name)",
		"fd.name contains val(fd.directory)", "fd.num < val(fd.num)",
		"proc.aname = val(proc.name)",	      "proc.name = tolower(fd.directory)",
		"proc.cmdline != val(fd.name)",	      "fd.name in val(proc.name)"
	};

	switch (random_next(4)) {
	case 0:
		strbuf_adds(out, PICK(lengths));
		return;
	case 1:
		strbuf_adds(out, PICK(pairs));
		return;
	default:
		strbuf_adds(out, PICK(made));
		op_add(out, VALUE_TEXT, false);
	}
}

static void check_add(struct strbuf *out, const char *source)
{
	bool is_syscall = strcmp(source, "syscall") == 0;
	const struct made_field *field = field_pick(source);
	const struct field_info *info = &field_infos[field->field];

	if (is_syscall && random_next(6) == 0) {
		type_check_add(out);
	} else if (is_syscall && random_next(8) == 0) {
		transform_check_add(out);
	} else if (random_next(40) == 0) {
		strbuf_adds(out, "evt.num = 0");
	} else {
		strbuf_adds(out, field->text);
		op_add(out, info->type, info->flags & FIELD_LIST);
	}
}

static void condition_add(struct strbuf *out, const char *source, int depth)
{
	bool is_and = random_next(2);

	if (depth == DEPTH_MOST || random_next(4) == 0) {
		check_add(out, source);
		return;
	}
	if (random_next(5) == 0) {
		strbuf_adds(out, "not (");
		condition_add(out, source, depth + 1);
		strbuf_addc(out, ')');
		return;
	}
	strbuf_addc(out, '(');
	for (size_t i = 0, count = 2 + random_next(3); i < count; i++) {
		strbuf_adds(out, !i ? "" : is_and ? " and " : " or ");
		condition_add(out, source, depth + 1);
	}
	strbuf_addc(out, ')');
}

void made_rules(const char *source, size_t count, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(out, "- rule: made %zu\n  desc: d\n  output: o\n  priority: INFO\n  source: %s\n", i,
			    source);
		strbuf_adds(out, "  warn_evttypes: false\n  condition: >-\n    ");
		condition_add(out, source, (int)random_next(DEPTH_MOST));
		strbuf_addc(out, '\n');
	}
}

static void value_add(struct naive_value *place, enum field field)
{
	bool is_list = field_infos[field].flags & (FIELD_LIST | FIELD_FILTER_ONLY | FIELD_DOMAIN);
	enum value_type type = field_infos[field].type;

	for (size_t i = 0, count = is_list ? 1 + random_next(2) : 1; place && i < count; i++) {
		AUTO_STRBUF text = STRBUF_INIT;

		if (type == VALUE_NET) {
			strbuf_adds(&text, PICK(addresses));
		} else if (type == VALUE_TEXT || type == VALUE_BYTES) {
			strbuf_adds(&text, random_next(3) ? "" : "/");
			text_add(&text, random_next(3) ? 3 : 9);
		} else {
			constant_add(&text, type, "=");
			strbuf_truncate(&text, text.length - 1);
		}
		naive_set(place, field, i, text.data + (*text.data == '\'' && type != VALUE_TEXT));
	}
}

void made_event(const char *source, struct naive_event *event)
{
	char number[12];

	naive_clear(event);
	event->type = PICK(types);
	for (size_t i = 0; i < sizeof(made_fields) / sizeof(*made_fields); i++) {
		const struct made_field *field = &made_fields[i];

		if (strcmp(field->source, source) != 0 || random_next(5) == 0)
			continue;
		if (field->field != FIELD_PROC_ANAME || field->argument) {
			value_add(naive_place(event, field->field, field->argument), field->field);
			continue;
		}
		for (int k = 1, count = (int)random_next(5); k <= count; k++) {
			snprintf(number, sizeof(number), "%d", k);
			value_add(naive_place(event, FIELD_PROC_ANAME, number), FIELD_PROC_ANAME);
		}
	}
}
