/* source.h - the table that every source fills in.
 *
 * There are two kinds, with one shape: a list source adds tenants to an empty
 * material (files, coordinator, dev), a seed source answers for the items that
 * are still SKD_SAID_ASK (files in remote mode, then kmip).  A refresh calls
 * them left to right in one pool thread.
 */
#ifndef SKD_SOURCE_H
#define SKD_SOURCE_H

#include "agent/source/cert.h"
#include "agent/source/material.h"
#include "agent/sys/env.h"

struct skd_fetch {
    const struct skd_env *env; /* for deadlines */
    /* Tenants that clients asked for and no snapshot knows; for "dev", which
     * has no list of its own.  Other sources need not look. */
    const struct skp_view *wanted;
    size_t n_wanted;
    /* Answer in full, even where nothing has changed since the last time: the
     * snapshot no longer holds all that was given then. */
    bool whole;
    /* For skd_fetch_more; NULL: nobody wants to know. */
    enum skp_err (*on_more)(void *state);
    void *state;
};

/* To be called by a list source while it reads, as often as it likes: the keys
 * that are in the material by then stay there, and may be worked on.  The fetch
 * ends with its error.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_fetch_more(const struct skd_fetch *fetch);

struct skd_source;

struct skd_source_ops {
    const char *name; /* for logs, status and metrics: "kmip", "file", ... */

    /* Pool thread, never two at a time.  Blocks, but never past the timeouts
     * of the configuration.
     *
     * A list source that fails has changed nothing that matters: the material
     * is thrown away.  A seed source that fails as a whole leaves the items it
     * could not answer at SKD_SAID_UNREACHED with a reason; it still returns
     * OK, with the first reason in @diag, when the refresh may go on.
     *
     *   SKP_ERR_UNAVAILABLE  list source: not reached, or refused; *retry_ms
     *                        (0 otherwise) is what its Retry-After asked for.
     *   SKP_ERR_INVALID_ARGUMENT  list source: the list was rejected.
     *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
    enum skp_err (*fetch)(struct skd_source *self,
                          const struct skd_fetch *fetch,
                          struct skd_material *material,
                          uint64_t *retry_ms,
                          struct skp_diag *diag);

    /* What it gave last was published (or, with false, was not, or not all of
     * it).  What lets it answer "unchanged" next time, an ETag or the
     * identifier of an object, counts only once accepted.  Main loop, while no
     * fetch runs; also when it was not asked.  NULL: nothing to remember. */
    void (*settle)(struct skd_source *self, bool accepted);

    /* What there is to say beside the answers; in the thread of the fetch,
     * after it, whatever came of it.  @ret is zeroed.  NULL: nothing. */
    void (*report)(const struct skd_source *self,
                   struct skd_source_report *ret);

    void (*free)(struct skd_source **self);
};

/* The head of every source's own struct. */
struct skd_source {
    const struct skd_source_ops *ops; /* const: a bug cannot redirect it */
};

/* Free through the table; accepts NULL and leaves NULL behind. */
void skd_source_free(struct skd_source **source);

#endif /* SKD_SOURCE_H */
