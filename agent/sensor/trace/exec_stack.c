#include "agent/sensor/trace/exec_stack.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "agent/sensor/trace/memory.h"

/* Words of a stack, by turns. */
struct words {
	const uint64_t *words;
	size_t count, at;
};

/* The next word, or false at the end. */
static bool take(struct words *words, uint64_t *ret)
{
	if (words->at >= words->count)
		return false;
	*ret = words->words[words->at++];
	return true;
}

/* The pairs behind the environment. */
static void read_pairs(struct words *words, struct exec_stack *ret)
{
	uint64_t type, value;

	while (take(words, &type) && take(words, &value) && type != AT_NULL) {
		if (type == AT_EXECFN)
			ret->path = value;
		else if (type == AT_EUID)
			ret->uid = (uint32_t)value;
		else if (type == AT_EGID)
			ret->gid = (uint32_t)value;
	}
}

bool exec_stack_parse(const void *data, size_t size, struct exec_stack *ret)
{
	struct words words = { data, size / sizeof(uint64_t), 0 };
	uint64_t count, first, end, word;

	*ret = (struct exec_stack){ 0 };
	if (!take(&words, &count) || count == 0 || count >= words.count || !take(&words, &first))
		return false;
	words.at = 1 + (size_t)count;
	if (!take(&words, &word) || word != 0 || !take(&words, &end))
		return false;
	for (word = end; word != 0;) {
		if (!take(&words, &word))
			return false;
	}
	read_pairs(&words, ret);
	/* Without an environment the path comes next. */
	if (end == 0)
		end = ret->path;
	ret->args = first;
	ret->args_length = end - first;
	return ret->path != 0 && first != 0 && end > first;
}

/* What has been read of the stack of tid. */
struct window {
	pid_t tid;
	uint64_t start;
	const char *data;
	size_t size;
};

/* The bytes that window has from address on, and how many; NULL if it has none. */
static const char *look(const struct window *window, uint64_t address, size_t *ret_size)
{
	uint64_t skipped = address - window->start;

	if (address < window->start || skipped >= window->size)
		return NULL;
	*ret_size = window->size - (size_t)skipped;
	return window->data + skipped;
}

/* Length bytes at address, read into out if need be; NULL if they cannot be. */
static const char *find_bytes(const struct window *window, uint64_t address, size_t length, char *out)
{
	size_t size;
	const char *found = look(window, address, &size);

	if (found && length <= size)
		return found;
	return memory_read(window->tid, address, out, length) ? out : NULL;
}

static const char *find_text(const struct window *window, uint64_t address, char out[PATH_MAX])
{
	size_t size;
	const char *found = look(window, address, &size);

	if (found && memchr(found, '\0', size))
		return found;
	return memory_read_text(window->tid, address, out, PATH_MAX) ? out : NULL;
}

/* A program that was given as a descriptor is called by other rules, which differ between kernels. */
static const char *comm_of(const char *path, char out[EXEC_COMM_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strncmp(path, "/dev/fd/", strlen("/dev/fd/")) == 0)
		return NULL;
	snprintf(out, EXEC_COMM_MAX, "%s", name);
	return out;
}

bool exec_stack_read(pid_t tid, uint64_t address, struct exec_start *ret)
{
	struct window window = { tid, address, (const char *)ret->stack,
				 memory_read_some(tid, address, ret->stack, sizeof(ret->stack)) };
	struct exec_stack found;
	const char *path;

	if (!exec_stack_parse(ret->stack, window.size, &found))
		return false;
	ret->is_cut = found.args_length > sizeof(ret->line);
	ret->args_length = ret->is_cut ? sizeof(ret->line) : (size_t)found.args_length;
	ret->args = find_bytes(&window, found.args, ret->args_length, ret->line);
	path = find_text(&window, found.path, ret->path);
	if (!ret->args || !path)
		return false;
	ret->comm = comm_of(path, ret->name);
	ret->uid = found.uid;
	ret->gid = found.gid;
	return true;
}
