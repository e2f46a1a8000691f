/* single.c - linked into the sidekeyd of the rows "one by one": as on a CPU
 * without lanes, it multiplies for each request alone. */
#include "protocol/x25519_batch.h"

size_t __wrap_skp_x25519_batch_least(void);

size_t __wrap_skp_x25519_batch_least(void)
{
    return SIZE_MAX;
}
