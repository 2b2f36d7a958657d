/*
 * suggest.h: the name that somebody probably meant.
 */
#pragma once

#include <stddef.h>

/*
 * Of count names, the one that differs from the word in the fewest letters, or NULL if none is close. name gives each by number
 * (NULL: not this one).
 */
const char *suggest(const char *word, size_t length, const char *(*name)(const void *context, size_t number),
		    const void *context, size_t count);
