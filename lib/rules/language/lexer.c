#include "rules/language/lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

bool lex_fail(struct lexer *lexer, size_t at, const char *format, ...)
{
	va_list args;

	if (lexer->failed)
		return false;
	lexer->failed = true;
	lexer->error->at = at;
	va_start(args, format);
	vsnprintf(lexer->error->message, sizeof(lexer->error->message), format, args);
	va_end(args);
	return false;
}

/* The byte at offset n from here; 0 at the end, which no word may contain. */
static unsigned char peek(const struct lexer *lexer, size_t n)
{
	return lexer->at + n < lexer->length ? (unsigned char)lexer->text[lexer->at + n] : 0;
}

static bool take(struct lexer *lexer, size_t length, struct ast_text *ret)
{
	ret->at = lexer->at;
	ret->length = length;
	ret->data = arena_copy(lexer->arena, lexer->text + lexer->at, length);
	if (!ret->data)
		return lex_fail(lexer, lexer->at, "out of memory");
	lexer->at += length;
	return true;
}

bool lex_blanks(struct lexer *lexer)
{
	size_t from = lexer->at;

	while (peek(lexer, 0) && strchr(" \t\b\r\n", peek(lexer, 0)))
		lexer->at++;
	return lexer->at > from;
}

bool lex_word(struct lexer *lexer, const char *word)
{
	size_t length = strlen(word);

	if (lexer->length - lexer->at < length || memcmp(lexer->text + lexer->at, word, length) != 0)
		return false;
	lexer->at += length;
	return true;
}

bool lex_not(struct lexer *lexer)
{
	size_t from = lexer->at;

	if (!lex_word(lexer, "not") || !isspace(peek(lexer, 0))) {
		lexer->at = from;
		return false;
	}
	while (isspace(peek(lexer, 0)))
		lexer->at++;
	return true;
}

/* Length of a name that begins at offset n from here. */
static size_t name_length(const struct lexer *lexer, size_t n)
{
	size_t length = 0;

	if (!isalpha(peek(lexer, n)))
		return 0;
	while (isalnum(peek(lexer, n + length)) || peek(lexer, n + length) == '_')
		length++;
	return length;
}

bool lex_name(struct lexer *lexer, struct ast_text *ret)
{
	size_t length = name_length(lexer, 0);

	return length && take(lexer, length, ret);
}

bool lex_field(struct lexer *lexer, struct ast_text *ret)
{
	size_t length = name_length(lexer, 0), parts = 0, next;

	if (!length)
		return false;
	while (peek(lexer, length) == '.' && (next = name_length(lexer, length + 1))) {
		length += 1 + next;
		parts++;
	}
	return parts && take(lexer, length, ret);
}

bool lex_number(struct lexer *lexer, struct ast_text *ret)
{
	size_t length = 0, digits;

	if (peek(lexer, 0) == '0' && (peek(lexer, 1) | 0x20) == 'x' && isxdigit(peek(lexer, 2))) {
		for (length = 2; isxdigit(peek(lexer, length));)
			length++;
		return take(lexer, length, ret);
	}
	if (peek(lexer, 0) == '+' || peek(lexer, 0) == '-')
		length++;
	for (digits = length; isdigit(peek(lexer, length));)
		length++;
	if (length == digits)
		return false;
	if (peek(lexer, length) == '.')
		length++;
	while (isdigit(peek(lexer, length)))
		length++;
	if ((peek(lexer, length) | 0x20) == 'e' &&
	    (peek(lexer, length + 1) == '+' || peek(lexer, length + 1) == '-') && isdigit(peek(lexer, length + 2))) {
		for (length += 2; isdigit(peek(lexer, length));)
			length++;
	}
	return take(lexer, length, ret);
}

static bool lex_until(struct lexer *lexer, const char *stop, struct ast_text *ret)
{
	size_t length = 0;

	while (peek(lexer, length) && !isspace(peek(lexer, length)) && !strchr(stop, peek(lexer, length)))
		length++;
	return length && take(lexer, length, ret);
}

bool lex_bare(struct lexer *lexer, struct ast_text *ret)
{
	return lex_until(lexer, "()\"'=,", ret);
}

bool lex_argument(struct lexer *lexer, struct ast_text *ret)
{
	return lex_until(lexer, "][\"'", ret);
}

/* One escape sequence at offset at, just after its backslash; returns the bytes it takes, 0 with the lexer failed. */
static size_t escape_read(struct lexer *lexer, size_t at, size_t end, char quote, char *ret)
{
	static const char letters[] = "bfnrt\\/ ", bytes[] = "\b\f\n\r\t\\/\\";
	char c = lexer->text[at];
	const char *found = c ? strchr(letters, c) : NULL;

	if (found) {
		*ret = bytes[found - letters];
		return 1;
	}
	if (c == '"' || c == '\'') {
		if (c != quote) {
			lex_fail(lexer, at, "invalid \\%c escape in %c-quoted string", c, quote);
			return 0;
		}
		*ret = c;
		return 1;
	}
	if (c == 'x') {
		if (end - at < 3) {
			lex_fail(lexer, at, "truncated hex char escape sequence");
			return 0;
		}
		if (hex_parse((char[]){ lexer->text[at + 1], lexer->text[at + 2], 0 }, ret, 1, NULL) < 0) {
			lex_fail(lexer, at, "invalid hex char escape sequence: %.2s", lexer->text + at + 1);
			return 0;
		}
		return 3;
	}
	lex_fail(lexer, at, "unsupported string escape sequence: \\%c", c);
	return 0;
}

/* Offset of the quote that ends the text begun before start, or the length. */
static size_t quote_end(const struct lexer *lexer, size_t start, char quote)
{
	size_t end = start;

	while (end < lexer->length && lexer->text[end] != quote) {
		/* "\ " is a backslash, as Falco cannot end a text in "\\" */
		bool is_escape = lexer->text[end] == '\\' && end + 1 < lexer->length;

		if (lexer->is_strict)
			is_escape = is_escape && lexer->text[end + 1] == quote;
		end += is_escape ? 2 : 1;
	}
	return end;
}

bool lex_quoted_bad(struct lexer *lexer)
{
	struct parse_error error = { 0 };
	struct lexer probe = *lexer;
	struct ast_text text;
	char quote = (char)peek(lexer, 0);

	probe.error = &error;
	if (lex_quoted(&probe, &text) || !probe.failed)
		return false;
	lexer->at = quote_end(lexer, lexer->at + 1, quote) + 1;
	if (lexer->at > lexer->length)
		lexer->at = lexer->length;
	return true;
}

bool lex_quoted(struct lexer *lexer, struct ast_text *ret)
{
	char quote = (char)peek(lexer, 0);
	size_t start = lexer->at + 1, end, length = 0;
	char *data;

	if (quote != '"' && quote != '\'')
		return false;
	end = quote_end(lexer, start, quote);
	if (end >= lexer->length)
		return lex_fail(lexer, lexer->at, "unterminated %c-quoted string", quote);
	data = arena_alloc(lexer->arena, end - start + 1);
	if (!data)
		return lex_fail(lexer, lexer->at, "out of memory");
	for (size_t i = start; i < end; i++) {
		size_t taken;

		if (lexer->text[i] != '\\') {
			data[length++] = lexer->text[i];
			continue;
		}
		taken = escape_read(lexer, i + 1, end, quote, &data[length++]);
		if (!taken)
			return false;
		i += taken;
	}
	*ret = (struct ast_text){ .data = data, .length = length, .at = lexer->at };
	lexer->at = end + 1;
	return true;
}

bool lex_op(struct lexer *lexer, enum op_kind kind, enum op *ret)
{
	for (int op = 0; op < OP_COUNT; op++) {
		size_t from = lexer->at;

		if (op_infos[op].kind != kind || !lex_word(lexer, op_infos[op].text))
			continue;
		if (!op_infos[op].blank || lex_blanks(lexer)) {
			*ret = (enum op)op;
			return true;
		}
		lexer->at = from;
	}
	return false;
}

bool lex_transform(struct lexer *lexer, enum transform *ret)
{
	for (int i = 0; i < TRANSFORM_COUNT; i++) {
		size_t from = lexer->at;

		if (lex_word(lexer, transform_infos[i].name) && lex_word(lexer, "(")) {
			*ret = (enum transform)i;
			return true;
		}
		lexer->at = from;
	}
	return false;
}
