/* hello.c: all that an image without a shell has: says who it is, and makes one file. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char exe[256] = "";
	int fd = open("/tmp/made", O_CREAT | O_WRONLY | O_TRUNC, 0644);

	if (fd < 0 || close(fd) < 0 || readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return 1;
	printf("%s %s uid %d gid %d of %d arguments\n", exe, argc > 1 ? argv[1] : "", getuid(), getgid(), argc);
	return 9;
}
