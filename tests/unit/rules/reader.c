#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool row_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	char name[256];

	snprintf(name, sizeof(name), argument ? "%s[%s]" : "%s", field_infos[field].name, argument);
	for (const struct reader_row *row = context; row->name; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		*ret = value_text(row->text, strlen(row->text));
		ret->type = field_infos[field].type;
		if (ret->type == VALUE_BOOL)
			*ret = value_bool(strcmp(row->text, "true") == 0);
		else if (ret->type == VALUE_UINT || ret->type == VALUE_PORT)
			ret->unumber = strtoull(row->text, NULL, 10);
		else if (ret->type == VALUE_INT || ret->type == VALUE_TIME || ret->type == VALUE_DURATION)
			ret->number = strtoll(row->text, NULL, 10);
		return true;
	}
	return false;
}

struct field_reader reader_make(const struct reader_row *rows)
{
	return (struct field_reader){ .read = row_read, .context = rows };
}
