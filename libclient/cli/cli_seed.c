/* cli_seed.c - new seeds; see cli_seed.h. */
#include "libclient/cli/cli_seed.h"

#include "protocol/base64.h"
#include "protocol/random.h"

#define SEED_BYTES 48u

enum skp_err skc_cli_seed_make(struct skp_buf *ret)
{
    SKP_WIPED(uint8_t, seed, SEED_BYTES);

    SKP_TRY(skp_random_system.fill(skp_random_system.state, seed, SEED_BYTES));
    return skp_base64_encode((struct skp_view){ seed, SEED_BYTES }, ret);
}
