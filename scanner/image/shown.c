#include "scanner/image/shown.h"

#include <stdio.h>
#include <string.h>

#include "text/escape.h"

const char *shown(const char *name, char out[SHOWN_MAX])
{
	AUTO_STRBUF text = STRBUF_INIT;

	escape_add(&text, name, strnlen(name, SHOWN_MAX));
	snprintf(out, SHOWN_MAX, "%s", text.data);
	return out;
}
