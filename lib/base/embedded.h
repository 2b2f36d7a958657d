/*
 * embedded.h: files that lib/build/embed.cmake put inside the program.
 */
#pragma once

#include <stddef.h>

struct embedded_file {
	const char *name; /* path from the top of the source tree; NULL ends a list */
	const char *data; /* length bytes and a NUL */
	size_t length;
};
