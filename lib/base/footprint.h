/*
 * footprint.h: memory that a program needed to start, given back once it runs.
 */
#pragma once

/*
 * Gives back to the kernel what the C library holds free, and lets go of all pages of the program's code and constants. Those that are
 * needed come back from the file, or from the kernel's cache of it, when they are touched: some tens of microseconds together. For
 * programs that stay for long and start with much more code than they run afterwards. Threads may run meanwhile.
 */
void footprint_shrink(void);
