/* memfd.h - files that live in memory and can be handed to another process:
 * written once, sealed, read for ever.
 */
#ifndef SKD_MEMFD_H
#define SKD_MEMFD_H

#include "protocol/bytes.h"
#include "protocol/diag.h"

/* A memfd that takes seals, is closed on exec, and where the kernel can say so
 * (6.3) never to be executed; -1 when there is none. */
int skd_memfd_create(const char *name);

/* One file. */
struct skd_memfd {
    int fd;
    uint8_t *ptr; /* its bytes: writable until sealed */
    size_t len;
};

/* A file of @len bytes, 1 or more, mapped to be written.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no descriptor. */
SKP_MUST_CHECK enum skp_err
skd_memfd_new(const char *name, size_t len, struct skd_memfd *ret);

/* Unmap the file and seal it for good: no byte of it and not its length will
 * ever change.
 *   SKP_ERR_INTERNAL  the kernel refused. */
SKP_MUST_CHECK enum skp_err skd_memfd_seal(struct skd_memfd *file);

/* Map a sealed file to be read.  @fd stays the caller's, and is checked as if
 * it came from a stranger.
 *   SKP_ERR_FAILED_PRECONDITION  not sealed, so that it might change, or empty.
 *   SKP_ERR_RESOURCE_EXHAUSTED   not mappable. */
SKP_MUST_CHECK enum skp_err
skd_memfd_open(int fd, struct skd_memfd *ret, struct skp_diag *diag);

/* Unmap, and close what skd_memfd_new made. */
void skd_memfd_done(struct skd_memfd *file);

#endif /* SKD_MEMFD_H */
