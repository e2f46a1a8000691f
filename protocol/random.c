/* random.c - the kernel's random generator as a table; see random.h. */
#include "protocol/random.h"

#include <errno.h>
#include <sys/random.h>

static enum skp_err fill_from_kernel(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    while (len > 0) {
        ssize_t got = getrandom(buf, len, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return SKP_ERR_INTERNAL;
        }
        buf += got;
        len -= (size_t)got;
    }
    return SKP_ERR_OK;
}

const struct skp_random skp_random_system = { NULL, fill_from_kernel };
