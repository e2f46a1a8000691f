/* random.h - where unpredictable bytes come from, as a table.
 *
 * Whoever needs randomness is handed one of these; tests hand in another.
 */
#ifndef SKP_RANDOM_H
#define SKP_RANDOM_H

#include "protocol/base.h"

struct skp_random {
    void *state; /* handed back to every call */

    /* Fill @buf with @len unpredictable bytes.  Any thread.
     *   SKP_ERR_INTERNAL  the kernel gave none; @buf is unset. */
    enum skp_err (*fill)(void *state, uint8_t *buf, size_t len);
};

/* The kernel's generator (getrandom), for everything but tests. */
extern const struct skp_random skp_random_system;

#endif /* SKP_RANDOM_H */
