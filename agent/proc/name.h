/*
 * name.h: names of files below /proc, which are made at each stop: by hand, since printf() costs as much as some of the calls.
 */
#pragma once

#include <sys/types.h>

#define PROC_FILE_NAME_MAX 96

/* "/proc/PID/FILE"; file is cut to fit. Returns out. */
const char *proc_file_name(char out[PROC_FILE_NAME_MAX], pid_t pid, const char *file);

/* "/proc/TID/fd/FD"; fd is not negative. Returns out. */
const char *proc_fd_name(char out[PROC_FILE_NAME_MAX], pid_t tid, int fd);
