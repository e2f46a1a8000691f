/* lock_budget.c - whether the agent may lock the memory that it needs; see
 * lock_budget.h.
 *
 * The limit alone does not tell: a process with CAP_IPC_LOCK has none.  So the
 * memory is locked for a moment.
 */
#include "agent/lock_budget.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "agent/serve/desk.h"
#include "agent/sys/arena.h"
#include "protocol/secret.h"

/* A page of some hundred tenants, its copy while it grows, a KMIP answer. */
#define REFRESH_BYTES ((size_t)256 * 1024)

size_t skd_lock_budget(unsigned n_workers)
{
    return n_workers * (size_t)(SKD_DESK_INPUT + SKD_DESK_OUTPUT) +
           REFRESH_BYTES;
}

static enum skp_err refuse(size_t needed, struct skp_diag *diag)
{
    struct rlimit limit = { 0, 0 };

    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                    "%zu bytes of locked memory needed beside %zu held, the "
                    "lock limit (RLIMIT_MEMLOCK, LimitMEMLOCK=) is %llu "
                    "bytes: raise it, or lower sidekey.workers",
                    needed, skd_arena_held() + skp_secret_held(),
                    (unsigned long long)limit.rlim_cur);
}

enum skp_err skd_lock_budget_check(size_t needed, struct skp_diag *diag)
{
    void *pages = mmap(NULL, needed, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int code;

    if (pages == MAP_FAILED) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no memory: %zu bytes needed", needed);
    }
    code = mlock(pages, needed);
    (void)munmap(pages, needed); /* gives the lock back, too */
    return code == 0 ? SKP_ERR_OK : refuse(needed, diag);
}
