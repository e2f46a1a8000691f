/* priority.c - see priority.h. */
#include "agent/sys/priority.h"

#include <sys/resource.h>

void skd_priority_lower(void)
{
    /* On Linux 0 is the calling thread, not its process. */
    (void)setpriority(PRIO_PROCESS, 0, SKD_PRIORITY_NICE);
}
