/* file_watch.h - tells when one of the two configuration files has become
 * another.
 *
 * A kubelet does not write into a mounted file: it swaps a symbolic link beside
 * it.  So the directories are watched, bursts of events are waited out, and
 * only when what the paths lead to has really changed is anybody called.
 *
 * Thread:   the loop's.
 */
#ifndef SKD_FILE_WATCH_H
#define SKD_FILE_WATCH_H

#include <uv.h>

#include "agent/config/config.h"

/* Quiet time after the last event before the files are looked at. */
#define SKD_FILE_WATCH_QUIET_MS 200u

struct skd_file_watch; /* opaque */

/* Watch the directories of both files; one that does not exist, or may not be
 * listed, is left out.
 * From success on, skd_file_watch_free must be called and the loop run once
 * more.
 * @paths      borrowed during the call.
 * @on_change  called on the loop, once per change.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no watch to be had; @diag says
 *                               which directory. */
SKP_MUST_CHECK enum skp_err
skd_file_watch_new(uv_loop_t *loop,
                   const struct skd_config_paths *paths,
                   void (*on_change)(void *state),
                   void *state,
                   struct skd_file_watch **ret,
                   struct skp_diag *diag);

/* True when a directory may not be listed: changes of its file are not seen. */
bool skd_file_watch_is_blind(const struct skd_file_watch *watch);

/* Stop at once: no call follows.  The memory goes when the loop has run the
 * close callbacks.  Accepts NULL and leaves NULL behind. */
void skd_file_watch_free(struct skd_file_watch **watch);

#endif /* SKD_FILE_WATCH_H */
