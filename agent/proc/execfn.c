#include "agent/proc/execfn.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/proc/turn.h"
#include "base/attr.h"

#define PAGE	   4096
#define VECTOR_MAX 1024 /* bytes; the kernel has some twenty pairs */

/* The value of AT_EXECFN in pairs of words of one size; 0 = not there. */
static uint64_t find_in(const char *vector, size_t length, size_t word)
{
	for (size_t at = 0; at + 2 * word <= length; at += 2 * word) {
		uint64_t type = 0, value = 0;

		memcpy(&type, vector + at, word);
		memcpy(&value, vector + at + word, word);
		if (type == AT_NULL)
			break;
		if (type == AT_EXECFN)
			return value;
	}
	return 0;
}

static uint64_t find_address(pid_t pid)
{
	char vector[VECTOR_MAX], path[64];
	AUTO_FD int fd = -1;
	uint64_t address;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, vector, sizeof(vector));
	if (length <= 0)
		return 0;
	address = find_in(vector, (size_t)length, sizeof(uint64_t));
	/* a 32-bit program has pairs of half the size */
	return address ? address : find_in(vector, (size_t)length, sizeof(uint32_t));
}

bool proc_execfn(pid_t pid, char out[PATH_MAX])
{
	uint64_t address = find_address(pid);
	size_t length = 0;

	while (address && length < PATH_MAX) {
		/* never beyond a page: the next one may not be there, and then nothing at all would be read */
		size_t step = PAGE - (address + length) % PAGE;
		struct iovec to = { out + length, step < PATH_MAX - length ? step : PATH_MAX - length };
		struct iovec from = { (void *)(uintptr_t)(address + length), to.iov_len };
		struct turn *turn = turn_pause();
		ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

		turn_resume(turn);
		if (got <= 0)
			return false;
		if (memchr(out + length, '\0', (size_t)got))
			return *out;
		length += (size_t)got;
	}
	return false;
}
