#include "agent/state/container.h"

#include <string.h>

void image_parts(const char *image, struct image_parts *ret)
{
	const char *at = strchr(image, '@');
	const char *end = at ? at : image + strlen(image);
	const char *name = image, *colon;

	*ret = (struct image_parts){ .digest = at ? at + 1 : NULL };
	for (const char *c = image; c < end; c++) {
		if (*c == '/')
			name = c + 1;
	}
	/* A colon before the last "/" belongs to the registry's port. */
	colon = memchr(name, ':', (size_t)(end - name));
	ret->repository_length = (size_t)((colon ? colon : end) - image);
	if (colon) {
		ret->tag = colon + 1;
		ret->tag_length = (size_t)(end - colon - 1);
	}
}
