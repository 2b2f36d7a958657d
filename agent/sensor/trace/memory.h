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

/* Reads the start of a text that may be longer: cut to size - 1 bytes. False if unreadable. */
bool memory_read_start(pid_t tid, uint64_t address, char *out, size_t size);

/* Reads what of size bytes lies in pages that are there; returns how many. */
size_t memory_read_some(pid_t tid, uint64_t address, void *out, size_t size);

/* Reads exactly size bytes. */
bool memory_read(pid_t tid, uint64_t address, void *out, size_t size);
