/* Captured packets: the first byte chooses the protocol, the rest is the packet; the payload lies within it. */
#include <linux/if_ether.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/sensor/net/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet packet;

	if (size == 0 || !packet_parse(data[0] & 1 ? ETH_P_IPV6 : ETH_P_IP, data + 1, size - 1, &packet))
		return 0;
	if (packet.payload && (packet.payload < data || packet.payload + packet.payload_length > data + size))
		abort();
	return 0;
}
