#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

#define WIDTH_MAX 1000

size_t screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (width > 0 && width <= WIDTH_MAX)
		return (size_t)width;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

bool screen_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) && term && *term && strcmp(term, "dumb") != 0;
}

int screen_write(const struct strbuf *text, struct err *err)
{
	if (text->failed)
		return err_set(err, ERR_MEMORY, "could not print the answer: out of memory");
	if (fd_write_all(STDOUT_FILENO, text->data, text->length, err) < 0)
		return err_wrap(err, "could not write the answer");
	return 0;
}
