#include "agent/proc/name.h"

#include <string.h>

#define PREFIX	   "/proc/"
#define DIGITS_MAX 10

/* Appends number; returns the place behind it. */
static char *add_number(char *at, unsigned int number)
{
	char digits[DIGITS_MAX];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

/* "/proc/PID/"; returns the place behind it. */
static char *begin(char out[PROC_FILE_NAME_MAX], pid_t pid)
{
	char *at = add_number((char *)memcpy(out, PREFIX, strlen(PREFIX)) + strlen(PREFIX), (unsigned int)pid);

	*at++ = '/';
	return at;
}

const char *proc_file_name(char out[PROC_FILE_NAME_MAX], pid_t pid, const char *file)
{
	char *at = begin(out, pid);
	size_t length = strnlen(file, (size_t)(out + PROC_FILE_NAME_MAX - 1 - at));

	memcpy(at, file, length);
	at[length] = '\0';
	return out;
}

const char *proc_fd_name(char out[PROC_FILE_NAME_MAX], pid_t tid, int fd)
{
	char *at = begin(out, tid);

	memcpy(at, "fd/", strlen("fd/"));
	*add_number(at + strlen("fd/"), (unsigned int)fd) = '\0';
	return out;
}
