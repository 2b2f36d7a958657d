#include "agent/sensor/net/selection.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/sensor/net/packet.h"
#include "base/attr.h"

#define LOOPBACK_INDEX 1 /* the kernel makes it first in every network namespace */
#define V6_HEADER      40
#define DNS_PORT       53
#define V4_OFFSET_MASK 0x1fff
#define AD(what)       ((uint32_t)(SKF_AD_OFF + SKF_AD_##what))

/* Where a jump of the fixed part means the end of the program, whose place depends on what is muted. */
enum { TO_DROP = 0xfe, TO_KEEP = 0xff };

#define LOAD(size, mode, at)	 BPF_STMT(BPF_LD | BPF_##size | BPF_##mode, (at))
#define IF(test, value, yes, no) BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, (value), (yes), (no))

/* clang-format off */
static const struct sock_filter fixed[] = {
	/*  0 */ LOAD(W, ABS, AD(IFINDEX)),
	/*  1 */ IF(JEQ, LOOPBACK_INDEX, 0, 2),
	/*  2 */ LOAD(W, ABS, AD(PKTTYPE)),
	/*  3 */ IF(JEQ, PACKET_OUTGOING, TO_DROP, 0),
	/*  4 */ LOAD(W, ABS, AD(PROTOCOL)),
	/*  5 */ IF(JEQ, ETH_P_IP, 0, 5),
	/*  6 */ LOAD(H, ABS, 6),
	/*  7 */ IF(JSET, V4_OFFSET_MASK, TO_DROP, 0),
	/*  8 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	/*  9 */ LOAD(B, ABS, 9),
	/* 10 */ BPF_STMT(BPF_JMP | BPF_JA, 3),
	/* 11 */ IF(JEQ, ETH_P_IPV6, 0, TO_DROP),
	/* 12 */ BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, V6_HEADER),
	/* 13 */ LOAD(B, ABS, 6),
	/* 14 */ IF(JEQ, IPPROTO_TCP, 0, 2),
	/* 15 */ LOAD(B, IND, 13),
	/* 16 */ IF(JSET, TCP_SYN | TCP_RST, TO_KEEP, TO_DROP),
	/* 17 */ IF(JEQ, IPPROTO_UDP, 0, TO_DROP),
	/* 18 */ LOAD(H, IND, 0),
	/* 19 */ IF(JEQ, DNS_PORT, TO_KEEP, 0),
	/* 20 */ LOAD(H, IND, 2),
	/* 21 */ IF(JEQ, DNS_PORT, TO_KEEP, 0),
	/* 22 */ LOAD(W, IND, 0),
};
/* clang-format on */

static void point(uint8_t *jump, size_t at, size_t keep)
{
	if (*jump == TO_KEEP)
		*jump = (uint8_t)(keep - at - 1);
	else if (*jump == TO_DROP)
		*jump = (uint8_t)(keep + 1 - at - 1);
}

void selection_build(const uint32_t *muted, size_t muted_count, uint32_t snap, struct selection *ret)
{
	size_t count = muted_count < MUTED_MAX ? muted_count : MUTED_MAX, keep = ARRAY_SIZE(fixed) + count;

	memcpy(ret->code, fixed, sizeof(fixed));
	for (size_t i = 0; i < count; i++)
		ret->code[ARRAY_SIZE(fixed) + i] = (struct sock_filter)IF(JEQ, muted[i], TO_DROP, 0);
	for (size_t i = 0; i < keep; i++) {
		if (BPF_CLASS(ret->code[i].code) != BPF_JMP)
			continue;
		point(&ret->code[i].jt, i, keep);
		point(&ret->code[i].jf, i, keep);
	}
	ret->code[keep] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, snap);
	ret->code[keep + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	ret->length = (unsigned short)(keep + 2);
}
