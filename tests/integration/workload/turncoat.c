/*
 * turncoat.c: calls whose arguments another thread changes while they are made, from an innocent one to another and back.
 *
 * usage: turncoat paths FOLDER COUNT | links FOLDER COUNT | addresses PORT PORT COUNT
 * Says how often which of the two it really was, as the kernel knows it afterwards: "a N b M".
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char path[PATH_MAX], next[PATH_MAX], way[PATH_MAX];
static struct sockaddr_in address = { .sin_family = AF_INET };
static in_port_t ports[2];
static volatile int is_over;
static int seen[2];

/* The last letter, which one store changes. */
static void turn_path(int turn)
{
	((volatile char *)path)[strlen(path) - 1] = turn ? 'b' : 'a';
}

static void turn_link(int turn)
{
	unlink(next);
	if (symlink(turn ? "b" : "a", next) < 0 || rename(next, way) < 0)
		abort();
}

static void turn_address(int turn)
{
	*(volatile in_port_t *)&address.sin_port = ports[turn];
}

static void *run(void *turn)
{
	for (int i = 0; !is_over; i++)
		((void (*)(int))turn)(i % 2);
	return NULL;
}

static void open_one(void)
{
	char link[64], real[PATH_MAX] = "";
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		abort();
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, real, sizeof(real) - 1) < 0)
		abort();
	seen[strstr(real, "/b") != NULL]++;
	close(fd);
}

static void connect_one(void)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &size) < 0)
		abort();
	seen[peer.sin_port == ports[1]]++;
	close(fd);
}

static int play(void (*turn)(int), void (*act)(void), int count)
{
	pthread_t thread;

	turn(0);
	if (pthread_create(&thread, NULL, run, (void *)turn))
		return 1;
	for (int i = 0; i < count; i++)
		act();
	is_over = 1;
	pthread_join(thread, NULL);
	printf("a %d b %d\n", seen[0], seen[1]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "paths")) {
		snprintf(path, sizeof(path), "%s/a", argv[2]);
		return play(turn_path, open_one, atoi(argv[3]));
	}
	if (argc == 4 && !strcmp(argv[1], "links")) {
		snprintf(path, sizeof(path), "%s/way/file", argv[2]);
		snprintf(next, sizeof(next), "%s/next", argv[2]);
		snprintf(way, sizeof(way), "%s/way", argv[2]);
		return play(turn_link, open_one, atoi(argv[3]));
	}
	if (argc == 5 && !strcmp(argv[1], "addresses")) {
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		for (int i = 0; i < 2; i++)
			ports[i] = htons((in_port_t)atoi(argv[2 + i]));
		return play(turn_address, connect_one, atoi(argv[4]));
	}
	return 2;
}
