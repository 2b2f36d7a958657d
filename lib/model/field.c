#include "model/field.h"

#include <string.h>

const struct field_info field_infos[FIELD_COUNT] = {
#define FIELD(id, name, type, flags, source, text) { name, VALUE_##type, flags, SOURCE_##source, text },
#include "model/fields.def"
#undef FIELD
};

/* Lengths of the names: they alone tell most names apart. */
static const unsigned char lengths[FIELD_COUNT] = {
#define FIELD(id, name, type, flags, source, text) sizeof(name) - 1,
#include "model/fields.def"
#undef FIELD
};

int field_find(const char *name, size_t length)
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (lengths[i] == length && memcmp(field_infos[i].name, name, length) == 0)
			return i;
	}
	return -1;
}
