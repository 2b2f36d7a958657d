/*
 * users.h: names of user and group ids, from the passwd and group files of the process's own root.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define USER_NAME_MAX 33

struct users;

struct users *users_new(void); /* NULL without memory */
void users_free(struct users *users);

/* False if there is no such id, or the file is absent, not a regular file, or too large. */
bool users_name(struct users *users, pid_t pid, uint32_t uid, char out[USER_NAME_MAX]);
bool users_group(struct users *users, pid_t pid, uint32_t gid, char out[USER_NAME_MAX]);

/* Finds the name of id in text of passwd's or group's form: name:x:id:... */
bool users_find(const char *text, uint32_t id, char out[USER_NAME_MAX]);
