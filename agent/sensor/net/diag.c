#include "agent/sensor/net/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_SIZE (16u << 10)
#define ANSWER_WAIT_US                                                                                               \
	100000 /* the kernel answers while it is asked; this only keeps a fault from hanging the watcher */
#define ALL_STATES UINT32_MAX

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

struct diag {
	int fd;
	uint32_t first; /* number of the batch's first question: an answer that came too late fits no other */
	struct question questions[DIAG_BATCH_MAX];
	uint8_t answer[ANSWER_SIZE];
};

int diag_open(struct diag **ret, struct err *err)
{
	struct timeval wait = { 0, ANSWER_WAIT_US };
	struct diag *diag = calloc(1, sizeof(*diag));

	if (!diag)
		return err_set(err, ERR_MEMORY, "out of memory");
	diag->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (diag->fd < 0 || setsockopt(diag->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0) {
		err_errno(err, ERR_FAILED, "could not ask for sockets");
		diag_close(diag);
		return err->code;
	}
	*ret = diag;
	return 0;
}

void diag_close(struct diag *diag)
{
	if (!diag)
		return;
	close_fd(&diag->fd);
	free(diag);
}

static void put_ip(__be32 out[4], const struct net_end *end, bool is_v4)
{
	if (is_v4)
		memcpy(out, end->ip + 12, 4);
	else
		memcpy(out, end->ip, IP_SIZE);
}

static void make_question(struct question *question, const struct net_tuple *tuple, uint32_t number)
{
	/* For UDP the kernel takes the two ends the other way round, and always has. */
	bool is_swapped = tuple->protocol == IPPROTO_UDP;
	const struct net_end *source = is_swapped ? &tuple->to : &tuple->from;
	const struct net_end *destination = is_swapped ? &tuple->from : &tuple->to;
	struct inet_diag_sockid *id = &question->request.id;

	memset(question, 0, sizeof(*question));
	question->header.nlmsg_len = sizeof(*question);
	question->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	question->header.nlmsg_flags = NLM_F_REQUEST;
	question->header.nlmsg_seq = number;
	question->request.sdiag_family = tuple->is_v4 ? AF_INET : AF_INET6;
	question->request.sdiag_protocol = tuple->protocol;
	question->request.idiag_states = ALL_STATES;
	put_ip(id->idiag_src, source, tuple->is_v4);
	put_ip(id->idiag_dst, destination, tuple->is_v4);
	id->idiag_sport = htons(source->port);
	id->idiag_dport = htons(destination->port);
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/* True if the message is an answer, good or bad, to one of the questions. */
static bool take_answer(const struct diag *diag, const struct nlmsghdr *header, struct diag_query *queries,
			size_t count)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	uint32_t number = header->nlmsg_seq - diag->first;
	struct diag_query *query;

	if (number >= count)
		return false;
	query = &queries[number];
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return true;
	query->is_found = true;
	query->is_listener = query->tuple.protocol == IPPROTO_TCP && message->idiag_state == TCP_LISTEN;
	query->uid = message->idiag_uid;
	query->inode = message->idiag_inode;
	return true;
}

void diag_ask(struct diag *diag, struct diag_query *queries, size_t count)
{
	size_t answered = 0;

	count = count < DIAG_BATCH_MAX ? count : DIAG_BATCH_MAX;
	diag->first += DIAG_BATCH_MAX;
	for (size_t i = 0; i < count; i++) {
		queries[i].is_found = false;
		make_question(&diag->questions[i], &queries[i].tuple, diag->first + (uint32_t)i);
	}
	if (count == 0 || send(diag->fd, diag->questions, count * sizeof(diag->questions[0]), 0) < 0)
		return;
	while (answered < count) {
		ssize_t got = recv(diag->fd, diag->answer, sizeof(diag->answer), 0);
		int left = (int)got;

		if (got <= 0)
			return;
		for (const struct nlmsghdr *header = (void *)diag->answer;
		     left > 0 && NLMSG_OK(header, (uint32_t)left); header = NLMSG_NEXT(header, left))
			answered += take_answer(diag, header, queries, count) ? 1 : 0;
	}
}
