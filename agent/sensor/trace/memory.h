/*
 * memory.h: reading what a stopped thread's pointers point at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a text of less than size bytes, never past the page that its end is on. False if unreadable or longer. */
bool memory_read_text(pid_t tid, uint64_t address, char *out, size_t size);

/* A text to be read. */
struct memory_text {
	uint64_t address; /* 0 = there is none */
	char *out;
};

/* Reads two texts as memory_read_text() does, each into size bytes, by one call where both are short. ret_read: whether each could be. */
void memory_read_texts(pid_t tid, const struct memory_text texts[2], size_t size, bool ret_read[2]);

/* Reads the start of a text that may be longer: cut to size - 1 bytes. False if unreadable. */
bool memory_read_start(pid_t tid, uint64_t address, char *out, size_t size);

/* Reads what of size bytes lies in pages that are there; returns how many. */
size_t memory_read_some(pid_t tid, uint64_t address, void *out, size_t size);

/* Reads exactly size bytes. */
bool memory_read(pid_t tid, uint64_t address, void *out, size_t size);
