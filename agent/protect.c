#include "agent/protect.h"

#include <sys/prctl.h>

void protect_process(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
