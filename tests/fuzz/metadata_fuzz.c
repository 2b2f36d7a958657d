/* Any answer of the metadata endpoint is taken or refused; what is taken can be looked up. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ecs/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };

	for (int is_task = 0; is_task < 2; is_task++) {
		struct metadata *metadata = NULL;

		if (metadata_parse("fuzz", (const char *)data, size, is_task, &metadata, &err) < 0)
			continue;
		for (size_t i = 0; i < metadata->task.task.network_count; i++) {
			const struct task_network *network = &metadata->task.task.networks[i];

			if (network->address_count > NETWORK_ADDRESSES_MAX ||
			    (!network->mac && !network->address_count))
				abort();
			/* each is read to its end */
			for (size_t k = 0; k < network->address_count; k++) {
				if (strlen(network->addresses[k]) > METADATA_MEMORY_MAX)
					abort();
			}
		}
		for (size_t i = 0; i < metadata->container_count; i++) {
			if (!metadata_find_id(metadata, metadata->containers[i].info.id))
				abort();
			metadata_find_uri(metadata, metadata->containers[i].info.id);
		}
		metadata_free(metadata);
	}
	return 0;
}
