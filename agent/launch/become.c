#include "agent/launch/become.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define EXIT_NO_SENSOR	    70 /* EX_SOFTWARE; promised in the manual */
#define EXIT_NOT_FOUND	    127
#define EXIT_NOT_EXECUTABLE 126

int become_command(const char *program, char **argv, bool is_watched, bool require, int *ret_exit, struct err *err)
{
	if (!is_watched && (require || err->code == ERR_DENIED)) {
		*ret_exit = EXIT_NO_SENSOR;
		return err_wrap(err, "not starting \"%s\"", argv[0]);
	}
	if (!is_watched)
		fprintf(stderr, "%s: %s; starting without the sensor\n", program, err->message);
	execvp(argv[0], argv);
	*ret_exit = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	return err_errno(err, ERR_FAILED, "could not run \"%s\"", argv[0]);
}
