/* memory.c: takes memory until its container may have no more. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	if (write(STDOUT_FILENO, "taking\n", 7) != 7)
		return 2;
	for (int i = 0; i < 4096; i++) {
		char *block = malloc(1 << 20);

		if (!block)
			return 3;
		memset(block, i, 1 << 20);
	}
	return 4;
}
