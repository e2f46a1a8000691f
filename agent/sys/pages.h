/* pages.h - locked pages at the best tier there is; what arenas are cut from.
 *
 * memfd_secret pages are in no other address space: not even root reads them
 * through /proc/PID/mem.  Below that, pages are locked by mlock(2).
 *
 * Pages that are to outlive the process have a descriptor: the memfd_secret
 * itself, or else an ordinary memfd, which somebody else can hold while no one
 * has it mapped.  Unmapped, the second kind is not locked.
 */
#ifndef SKD_PAGES_H
#define SKD_PAGES_H

#include "protocol/diag.h"

/* Best last; the numbers order them. */
enum skd_tier {
    SKD_TIER_NONE,
    SKD_TIER_MLOCK,
    SKD_TIER_MEMFD_SECRET,
};

/* "memfd_secret", "mlock" or "none". */
const char *skd_tier_name(enum skd_tier tier);

/* Which pages get a descriptor that can be handed on. */
enum skd_keeping {
    SKD_KEEPING_NONE,
    SKD_KEEPING_SECRET, /* memfd_secret only */
    SKD_KEEPING_ANY,    /* mlock, too: nothing here can be swapped out */
};

struct skd_pages {
    uint8_t *ptr;
    size_t len; /* whole pages */
    enum skd_tier tier;
    int fd; /* -1: none */
};

/* Map @len bytes, whole pages, at the best tier down to @least.  False when
 * there is none. */
bool skd_pages_map(size_t len,
                   enum skd_tier least,
                   enum skd_keeping keeping,
                   struct skd_pages *ret);

/* Map what another process has kept.  @fd is borrowed, and checked as if it
 * came from a stranger.
 *   SKP_ERR_FAILED_PRECONDITION  not pages of ours, or below @least.
 *   SKP_ERR_RESOURCE_EXHAUSTED   not mappable, or not lockable, here and now.
 */
SKP_MUST_CHECK enum skp_err skd_pages_adopt(int fd,
                                            enum skd_tier least,
                                            enum skd_keeping keeping,
                                            struct skd_pages *ret,
                                            struct skp_diag *diag);

/* Unmap and close, without wiping. */
void skd_pages_unmap(struct skd_pages *pages);

#endif /* SKD_PAGES_H */
