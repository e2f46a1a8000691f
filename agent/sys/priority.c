/* priority.c - see priority.h. */
#include "agent/sys/priority.h"

#include <errno.h>
#include <sys/resource.h>

void skd_priority_lower(void)
{
    int nice;

    /* On Linux 0 is the calling thread, not its process. */
    errno = 0;
    nice = getpriority(PRIO_PROCESS, 0);
    if (errno == 0 && nice >= SKD_PRIORITY_NICE) {
        return; /* root would raise it */
    }
    (void)setpriority(PRIO_PROCESS, 0, SKD_PRIORITY_NICE);
}
