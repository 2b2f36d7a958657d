/*
 * packet.h: the headers of one captured packet, read without trusting a byte of it.
 */
#pragma once

#include "agent/sensor/net/tuple.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct packet {
	struct net_tuple tuple; /* from sender to receiver */
	uint8_t tcp_flags;
	const uint8_t *payload; /* UDP: what was captured of it; points into the data */
	size_t payload_length;
};

/*
 * Reads the packet that begins with its IP header. ethertype is in host order (ETH_P_IP, ETH_P_IPV6). False for what is
 * no TCP or UDP, is a later fragment, has extension headers, or is cut before its ports.
 */
bool packet_parse(uint16_t ethertype, const uint8_t *data, size_t length, struct packet *ret);
