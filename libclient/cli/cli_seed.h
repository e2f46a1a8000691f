/* cli_seed.h - new seeds, as text. */
#ifndef SKC_CLI_SEED_H
#define SKC_CLI_SEED_H

#include "protocol/secret.h"

/* Characters of a seed: 48 bytes in base64, as long as those that the gateway's
 * documentation makes. */
#define SKC_CLI_SEED_LEN 64u

/* Append the text of a new seed to @ret, which the caller wipes.
 *   SKP_ERR_INTERNAL            the kernel gave no random bytes.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not fit. */
SKP_MUST_CHECK enum skp_err skc_cli_seed_make(struct skp_buf *ret);

#endif /* SKC_CLI_SEED_H */
