#include "agent/sensor/trace/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define FIRST_READ 256u	 /* most paths are shorter: one small read finds their end */
#define PAGE_STEP  4096u /* pages are of this size or of a multiple of it */

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

/* Bytes that may be read at address at once: the next page may not be mapped, so a read ends at the end of a page. */
static size_t step_at(uint64_t address, size_t max)
{
	size_t step = PAGE_STEP - address % PAGE_STEP;

	return step < max ? step : max;
}

/* Reads up to the end of the text or of the room; true if it ended. *ret_done: bytes read. */
static bool read_to_end(pid_t tid, uint64_t address, char *out, size_t size, size_t *ret_done)
{
	size_t done = 0;

	for (*ret_done = 0; done < size; *ret_done = done) {
		size_t step = step_at(address + done, done == 0 && size > FIRST_READ ? FIRST_READ : size - done);

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

/* True if both texts lie in their first bytes, and have been read. */
static bool read_both(pid_t tid, const struct memory_text texts[2], size_t size)
{
	struct iovec local[2], remote[2];

	for (size_t i = 0; i < 2; i++) {
		local[i].iov_base = texts[i].out;
		remote[i].iov_base = (void *)(uintptr_t)texts[i].address;
		local[i].iov_len = remote[i].iov_len =
			step_at(texts[i].address, size > FIRST_READ ? FIRST_READ : size);
	}
	return process_vm_readv(tid, local, 2, remote, 2, 0) == (ssize_t)(local[0].iov_len + local[1].iov_len) &&
	       memchr(texts[0].out, '\0', local[0].iov_len) && memchr(texts[1].out, '\0', local[1].iov_len);
}

void memory_read_texts(pid_t tid, const struct memory_text texts[2], size_t size, bool ret_read[2])
{
	bool is_done = texts[0].address && texts[1].address && read_both(tid, texts, size);

	for (size_t i = 0; i < 2; i++)
		ret_read[i] =
			is_done || (texts[i].address && memory_read_text(tid, texts[i].address, texts[i].out, size));
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
