/* denials.h - how many lines of the audit log denials may take.
 *
 * Whoever is denied can ask again as fast as it likes, and must not fill the
 * log that way: of the denials in one second the first few are told each, the
 * others are counted and told together.
 *
 * Pure: no clock, no I/O, no allocation.
 */
#ifndef SKD_DENIALS_H
#define SKD_DENIALS_H

#include "protocol/base.h"

#define SKD_DENIALS_TOLD_MAX  16u
#define SKD_DENIALS_WINDOW_MS 1000u

/* Open, so that it can be embedded.  A zeroed one is empty and valid. */
struct skd_denials {
    uint64_t since_ms;
    unsigned n_told;    /* since then */
    uint64_t n_counted; /* and not told yet */
};

/* Note one; true when it gets a line of its own. */
bool skd_denials_add(struct skd_denials *denials, uint64_t now_ms);

/* How many are to be told together now; 0 as long as more may come in the same
 * second, unless @is_last. */
uint64_t
skd_denials_take(struct skd_denials *denials, uint64_t now_ms, bool is_last);

/* True when nothing of the last second has to be remembered. */
bool skd_denials_is_over(const struct skd_denials *denials, uint64_t now_ms);

#endif /* SKD_DENIALS_H */
