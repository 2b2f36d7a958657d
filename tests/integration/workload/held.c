/*
 * held.c: a file system that keeps whoever asks it waiting: `held FOLDER` mounts it there and serves it by /dev/fuse itself. Names that
 * begin with "held" have no answer; "waits NAME" is printed for each. SIGUSR1: from now on, and for those that wait, they do not exist.
 * In the root are two files: "text", and "slow", whose content has no answer either. SIGTERM ends it: the kernel then tells those that wait that nobody serves them any more.
 *
 * `held mkdir FOLDER` makes a folder, and asks for nothing before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define TEXT	  "held\n"
#define FILE_NODE 2
#define SLOW_NODE 3
#define WAIT_MAX  64
#define REQUEST	  (1u << 20)

static int device;
static volatile sig_atomic_t answers_all, is_over;
static struct {
	unsigned long long ids[WAIT_MAX];
	int count;
} waiting;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		answers_all = 1;
	else
		is_over = 1;
}

static void answer(unsigned long long id, int error, const void *data, size_t size)
{
	struct fuse_out_header header = { (unsigned)(sizeof(header) + size), error, id };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)data, size } };

	/* who asked may have been killed meanwhile */
	if (writev(device, parts, size ? 2 : 1) < 0 && errno != ENOENT)
		perror("held: answer");
}

static struct fuse_attr attributes(unsigned long long node)
{
	return (struct fuse_attr){ .ino = node,
				   .size = node == FUSE_ROOT_ID ? 0 : strlen(TEXT),
				   .mode = node == FUSE_ROOT_ID ? S_IFDIR | 0777 : S_IFREG | 0666,
				   .nlink = 1,
				   .blksize = 4096 };
}

static void keep(const struct fuse_in_header *request, const char *name)
{
	printf("waits %s\n", name);
	if (waiting.count < WAIT_MAX)
		waiting.ids[waiting.count++] = request->unique;
}

static void look_up(const struct fuse_in_header *request, const char *name)
{
	unsigned long long node = strcmp(name, "slow") == 0 ? SLOW_NODE : FILE_NODE;
	struct fuse_entry_out entry = { .nodeid = node, .attr = attributes(node) };

	if (strncmp(name, "held", 4) == 0 && !answers_all) {
		keep(request, name);
	} else if (strcmp(name, "text") == 0 || strcmp(name, "slow") == 0) {
		answer(request->unique, 0, &entry, sizeof(entry));
	} else {
		answer(request->unique, -ENOENT, NULL, 0);
	}
}

static void serve(const struct fuse_in_header *request)
{
	const void *body = request + 1;
	const struct fuse_init_in *init = body;
	struct fuse_init_out agreed = { .major = FUSE_KERNEL_VERSION,
					.minor = FUSE_KERNEL_MINOR_VERSION,
					.max_readahead = init->max_readahead,
					.max_write = 4096 };
	struct fuse_attr_out attr = { .attr = attributes(request->nodeid) };
	struct fuse_open_out opened = { 0 };

	switch (request->opcode) {
	case FUSE_INIT:
		answer(request->unique, 0, &agreed, sizeof(agreed));
		break;
	case FUSE_GETATTR:
		answer(request->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		look_up(request, body);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(request->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		if (request->nodeid == SLOW_NODE && !answers_all)
			keep(request, "slow");
		else
			answer(request->unique, 0, TEXT,
			       ((const struct fuse_read_in *)body)->offset ? 0 : strlen(TEXT));
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
		answer(request->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: /* it does not let itself be hurried */
		break;
	default:
		answer(request->unique, -ENOSYS, NULL, 0);
	}
}

static void let_go(void)
{
	while (waiting.count)
		answer(waiting.ids[--waiting.count], -ENOENT, NULL, 0);
}

/* They are let in only while there is nothing to read, so that none comes in between. */
static void catch_signals(sigset_t *ret_mask)
{
	const struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, ret_mask);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
	static char request[REQUEST];
	char options[128];
	sigset_t mask;

	if (argc == 3) {
		if (mkdir(argv[2], 0755) < 0)
			perror(argv[2]);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_signals(&mask);
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	if (argc != 2 || device < 0 || mount("held", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		perror("held: mount");
		return 1;
	}
	printf("ready\n");
	while (!is_over) {
		struct pollfd fd = { device, POLLIN, 0 };
		ssize_t got = ppoll(&fd, 1, NULL, &mask) > 0 ? read(device, request, sizeof(request)) : 0;

		if (got >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const struct fuse_in_header *)request);
		else if (got < 0 && errno == ENODEV)
			break;
		if (answers_all)
			let_go();
	}
	umount2(argv[1], MNT_DETACH);
	return 0;
}
