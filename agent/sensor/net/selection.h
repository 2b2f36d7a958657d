/*
 * selection.h: which packets the kernel hands to the watcher, as a classic BPF program: TCP with SYN or RST, UDP with port 53, and
 * other UDP but what is muted.
 *
 * On the loopback device a packet passes twice, as sent and as received; the first is left out.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define MUTED_MAX     64 /* port pairs of UDP that have been heard enough of */
#define SELECTION_MAX (32 + MUTED_MAX)

struct selection {
	struct sock_filter code[SELECTION_MAX];
	unsigned short length;
};

/* Ports as the packet has them, sender's first: what the program compares. */
static inline uint32_t port_pair(uint16_t from, uint16_t to)
{
	return (uint32_t)from << 16 | to;
}

/* snap: bytes of a packet that are kept, from the IP header on. More than MUTED_MAX pairs are not muted. */
void selection_build(const uint32_t *muted, size_t muted_count, uint32_t snap, struct selection *ret);
