#include "agent/sensor/trace/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#define FIRST_READ 256u /* most paths are shorter: one small read finds their end */

/*
 * Word by word, as only the tracer may: also of a process of another user that is dumpable, without SYS_PTRACE (ptrace_access_vm()
 * of the kernel).
 */
static size_t peek(pid_t tid, uint64_t address, void *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint64_t place = (address + done) & ~(uint64_t)(sizeof(long) - 1);
		size_t skipped = (size_t)(address + done - place), step = sizeof(long) - skipped;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, tid, place, NULL);
		if (errno)
			break;
		step = step < size - done ? step : size - done;
		memcpy((char *)out + done, (const char *)&word + skipped, step);
		done += step;
	}
	return done;
}

size_t memory_read_some(pid_t tid, uint64_t address, void *out, size_t size)
{
	struct iovec local = { out, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };
	ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);

	if (got < 0 && errno == EPERM)
		return peek(tid, address, out, size);
	return got < 0 ? 0 : (size_t)got;
}

bool memory_read(pid_t tid, uint64_t address, void *out, size_t size)
{
	return memory_read_some(tid, address, out, size) == size;
}

/* Reads up to the end of the text or of the room; true if it ended. *ret_done: bytes read. */
static bool read_to_end(pid_t tid, uint64_t address, char *out, size_t size, size_t *ret_done)
{
	static uint64_t page_size;
	size_t done = 0;

	if (!page_size)
		page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	for (*ret_done = 0; done < size; *ret_done = done) {
		/* The next page may not be mapped, so a read ends at the end of a page. */
		size_t step = page_size - (address + done) % page_size;

		if (step > FIRST_READ && done == 0)
			step = FIRST_READ;
		if (step > size - done)
			step = size - done;
		if (!memory_read(tid, address + done, out + done, step))
			return false;
		if (memchr(out + done, '\0', step))
			return true;
		done += step;
	}
	return false;
}

bool memory_read_text(pid_t tid, uint64_t address, char *out, size_t size)
{
	size_t done;

	return read_to_end(tid, address, out, size, &done);
}

bool memory_read_start(pid_t tid, uint64_t address, char *out, size_t size)
{
	size_t done;

	if (read_to_end(tid, address, out, size, &done))
		return true;
	if (done < size)
		return false;
	out[size - 1] = '\0';
	return true;
}
