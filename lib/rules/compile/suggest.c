#include "rules/compile/suggest.h"

#include <string.h>

#define WORD_MAX 64 /* bytes; longer ones get no suggestion */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to add, drop, change, or swap with a neighbour (Damerau-Levenshtein, each place edited once). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t k = 0; k <= b_length; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= b_length; k++) {
			now[k] = least(least(last[k], now[k - 1]) + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *suggest(const char *word, size_t length, const char *(*name)(const void *context, size_t number),
		    const void *context, size_t count)
{
	size_t best = length / 3 < 3 ? length / 3 + 1 : 4;
	const char *found = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *candidate = name(context, i);
		size_t apart;

		if (!candidate || strlen(candidate) > WORD_MAX)
			continue;
		apart = distance(word, length, candidate, strlen(candidate));
		if (apart < best) {
			best = apart;
			found = candidate;
		}
	}
	return found;
}
