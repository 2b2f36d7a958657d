/* attr.h: compiler attributes and the one cleanup idiom of the house. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK	       __attribute__((warn_unused_result))
#define UNUSED		       __attribute__((unused))

/* Runs fn(&variable) when the variable leaves scope; fn must accept an empty variable. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands a pointer on: the variable becomes NULL, so its cleanup does nothing. */
#define TAKE(pointer)                                                                                                \
	({                                                                                                           \
		__typeof__(pointer) taken_ = (pointer);                                                              \
		(pointer) = NULL;                                                                                    \
		taken_;                                                                                              \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline void free_pointer(void *pointer)
{
	void **target = pointer;

	free(*target);
	*target = NULL;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define AUTO_FREE CLEANUP(free_pointer)
#define AUTO_FD	  CLEANUP(close_fd)
