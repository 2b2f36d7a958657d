/* The stack of a new program: whatever is in it, only what was read is looked at, and the arguments have a length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sensor/trace/exec_stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t *words = malloc(size + 1);
	struct exec_stack found;

	memcpy(words, data, size);
	if (exec_stack_parse(words, size, &found) &&
	    (found.args == 0 || found.args_length == 0 || found.args + found.args_length < found.args))
		abort();
	free(words);
	return 0;
}
