#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "base/arena.h"
#include "rules/language/lexer.h"
#include "rules/run/matcher.h"

struct regex {
	pcre2_code *code;
	pcre2_match_context *limits;
};

struct regex *regex_new(struct arena *arena, const char *text, size_t length, size_t *ret_at, char *message)
{
	struct regex *regex = arena_new(arena, struct regex);
	int number = 0;

	*ret_at = 0;
	snprintf(message, PARSE_MESSAGE_MAX, "out of memory");
	if (!regex)
		return NULL;
	regex->code = pcre2_compile((PCRE2_SPTR)text, length,
				    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
					    PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C,
				    &number, ret_at, NULL);
	if (!regex->code) {
		pcre2_get_error_message(number, (PCRE2_UCHAR *)message, PARSE_MESSAGE_MAX);
		return NULL;
	}
	regex->limits = pcre2_match_context_create(NULL);
	if (!regex->limits) {
		regex_free(regex);
		return NULL;
	}
	pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(regex->limits, REGEX_DEPTH_LIMIT);
	return regex;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	pcre2_match_context_free(regex->limits);
	*regex = (struct regex){ 0 };
}

bool regex_matches(const struct regex *regex, const char *text, size_t length)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int found;

	if (!data)
		return false;
	found = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, data, regex->limits);
	pcre2_match_data_free(data);
	return found >= 0;
}
