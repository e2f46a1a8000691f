/* hardening.c - what the process gives up; see hardening.h. */
#include "agent/sys/hardening.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Raising a soft limit to the hard one is always allowed; if it fails all the
 * same, whoever needs the limit reports it in his own words. */
static void raise_limit(__rlimit_resource_t resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(resource, &limit);
}

static enum skp_err refuse(struct skp_diag *diag, const char *what)
{
    char room[64];

    return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                    "the kernel refused %s: %s", what,
                    strerror_r(errno, room, sizeof room));
}

enum skp_err skd_hardening_apply(struct skp_diag *diag)
{
    const struct rlimit no_core = { 0, 0 };

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return refuse(diag, "PR_SET_DUMPABLE");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refuse(diag, "PR_SET_NO_NEW_PRIVS");
    }
    if (setrlimit(RLIMIT_CORE, &no_core) != 0) {
        return refuse(diag, "RLIMIT_CORE");
    }
    (void)umask(0077);
    raise_limit(RLIMIT_MEMLOCK);
    raise_limit(RLIMIT_NOFILE);
    return SKP_ERR_OK;
}
