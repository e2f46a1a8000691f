/* brake.c - when a tenant list is too small; see brake.h. */
#include "agent/refresh/brake.h"

bool skd_brake_holds(size_t n_known, size_t n_absent, double share)
{
    if (n_absent == 0) {
        return false;
    }
    if (n_absent == n_known) {
        return true;
    }
    return n_absent > SKD_BRAKE_FREE &&
           (double)n_absent > share * (double)n_known;
}

bool skd_brake_lets_through(unsigned n_lists)
{
    return n_lists >= SKD_BRAKE_LISTS;
}
