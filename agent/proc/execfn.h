/*
 * execfn.h: the name by which a program was executed: of a script its own, where /proc/PID/exe is the interpreter.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * As it was given to execve(), so perhaps relative to the folder of then. Read from the auxiliary vector (AT_EXECFN) and the
 * process's memory, which the process can have changed since. False if it is not known.
 */
bool proc_execfn(pid_t pid, char out[PATH_MAX]);
