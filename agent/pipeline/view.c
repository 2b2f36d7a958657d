#include "agent/pipeline/view.h"

#include <string.h>

bool view_set_text(struct value *ret, const char *text)
{
	if (!text)
		return false;
	*ret = value_text(text, strlen(text));
	return true;
}

bool view_read(const void *view, enum field field, const char *argument, struct value *ret)
{
	view_reader reader = view_event_readers[field];

	if (!reader)
		reader = view_process_readers[field];
	return reader && reader(view, argument, ret);
}
