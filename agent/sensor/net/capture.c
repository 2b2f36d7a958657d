#include "agent/sensor/net/capture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/time.h"

#define FRAME_SIZE  640u
#define BLOCK_SIZE  (64u << 10)
#define BLOCK_COUNT 32u /* 2 MiB, 3264 packets */
#define LO_INDEX    1

/* The header of a frame and the room that the kernel leaves behind it for alignment. */
static_assert(CAPTURE_SNAP + 96 <= FRAME_SIZE, "a snap must fit into a frame");

struct capture {
	int fd;
	uint8_t *ring;
	size_t next; /* frame */
};

#define FRAMES_PER_BLOCK (BLOCK_SIZE / FRAME_SIZE)
#define FRAME_COUNT	 (FRAMES_PER_BLOCK * BLOCK_COUNT)

int capture_select(struct capture *capture, const struct selection *selection, struct err *err)
{
	struct sock_fprog program = { selection->length, (struct sock_filter *)selection->code };

	if (setsockopt(capture->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return err_errno(err, ERR_FAILED, "could not choose packets");
	return 0;
}

static int make_ring(struct capture *capture, struct err *err)
{
	struct tpacket_req request = { BLOCK_SIZE, BLOCK_COUNT, FRAME_SIZE, FRAME_COUNT };
	int version = TPACKET_V2;

	if (setsockopt(capture->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(capture->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
		return err_errno(err, ERR_FAILED, "could not make the ring for packets");
	capture->ring =
		mmap(NULL, (size_t)BLOCK_SIZE * BLOCK_COUNT, PROT_READ | PROT_WRITE, MAP_SHARED, capture->fd, 0);
	if (capture->ring == MAP_FAILED) {
		capture->ring = NULL;
		return err_errno(err, ERR_FAILED, "could not map the ring for packets");
	}
	return 0;
}

int capture_open(const struct selection *selection, struct capture **ret, struct err *err)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return err_set(err, ERR_MEMORY, "out of memory");
	/* Protocol 0: nothing arrives before the selection is in its place. */
	capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (capture->fd < 0)
		err_errno(err, errno == EPERM ? ERR_DENIED : ERR_FAILED, "could not watch packets");
	else if (capture_select(capture, selection, err) == 0 && make_ring(capture, err) == 0 &&
		 bind(capture->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		err_errno(err, ERR_FAILED, "could not watch the network devices");
	else if (capture->ring) {
		*ret = capture;
		return 0;
	}
	capture_close(capture);
	return err->code;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->ring)
		munmap(capture->ring, (size_t)BLOCK_SIZE * BLOCK_COUNT);
	close_fd(&capture->fd);
	free(capture);
}

int capture_fd(const struct capture *capture)
{
	return capture->fd;
}

static struct tpacket2_hdr *frame_at(const struct capture *capture, size_t index)
{
	return (struct tpacket2_hdr *)(capture->ring + index / FRAMES_PER_BLOCK * BLOCK_SIZE +
				       index % FRAMES_PER_BLOCK * FRAME_SIZE);
}

size_t capture_drain(struct capture *capture, void (*take)(void *context, const struct captured *packet),
		     void *context)
{
	size_t count = 0;

	for (; count < FRAME_COUNT; count++) {
		struct tpacket2_hdr *frame = frame_at(capture, capture->next);
		const struct sockaddr_ll *from = (void *)((uint8_t *)frame + TPACKET_ALIGN(sizeof(*frame)));
		struct captured packet;

		if (!(__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		packet = (struct captured){
			.time_ns = frame->tp_sec * NS_PER_S + frame->tp_nsec,
			.ethertype = ntohs(from->sll_protocol),
			.is_outgoing = from->sll_pkttype == PACKET_OUTGOING,
			.is_loopback = from->sll_ifindex == LO_INDEX,
			.data = (uint8_t *)frame + frame->tp_net,
			.length = frame->tp_snaplen,
		};
		take(context, &packet);
		__atomic_store_n(&frame->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		capture->next = (capture->next + 1) % FRAME_COUNT;
	}
	return count;
}

uint64_t capture_lost(struct capture *capture)
{
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	/* The kernel counts anew after each question. */
	if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0)
		return 0;
	return stats.tp_drops;
}
