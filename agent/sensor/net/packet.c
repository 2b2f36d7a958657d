#include "agent/sensor/net/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define V4_HEADER_MIN	20
#define V6_HEADER	40
#define TCP_HEADER_USED 14 /* up to and with the flags */
#define UDP_HEADER	8
#define V4_OFFSET_MASK	0x1fff

static uint16_t read_u16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

/* Length of the IP header, 0 if it is none that we take. */
static size_t read_ip(uint16_t ethertype, const uint8_t *data, size_t length, struct net_tuple *ret)
{
	size_t header = length > 0 ? (size_t)(data[0] & 0x0f) * 4 : 0;

	ret->is_v4 = ethertype == ETH_P_IP;
	if (ethertype == ETH_P_IP) {
		if (length < V4_HEADER_MIN || header < V4_HEADER_MIN || read_u16(data + 6) & V4_OFFSET_MASK)
			return 0;
		ret->protocol = data[9];
		ip_map_v4(data + 12, ret->from.ip);
		ip_map_v4(data + 16, ret->to.ip);
		return header;
	}
	if (ethertype != ETH_P_IPV6 || length < V6_HEADER)
		return 0;
	ret->protocol = data[6];
	memcpy(ret->from.ip, data + 8, IP_SIZE);
	memcpy(ret->to.ip, data + 24, IP_SIZE);
	return V6_HEADER;
}

bool packet_parse(uint16_t ethertype, const uint8_t *data, size_t length, struct packet *ret)
{
	size_t header, need;

	*ret = (struct packet){ 0 };
	header = read_ip(ethertype, data, length, &ret->tuple);
	if (header == 0 || (ret->tuple.protocol != IPPROTO_TCP && ret->tuple.protocol != IPPROTO_UDP))
		return false;
	need = ret->tuple.protocol == IPPROTO_TCP ? TCP_HEADER_USED : UDP_HEADER;
	if (length < header || length - header < need)
		return false;
	data += header;
	ret->tuple.from.port = read_u16(data);
	ret->tuple.to.port = read_u16(data + 2);
	if (ret->tuple.protocol == IPPROTO_TCP) {
		ret->tcp_flags = data[13];
		return true;
	}
	ret->payload = data + UDP_HEADER;
	ret->payload_length = length - header - UDP_HEADER;
	return true;
}
