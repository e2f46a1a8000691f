/* plant.c - a leak on purpose: linked into a build of its own in place of
 * skp_key_from_seed (ld --wrap), it keeps a copy of the private key that was
 * made last.  A scan that does not find it proves nothing. */
#include <string.h>

#include "protocol/key.h"

enum skp_err __real_skp_key_from_seed(struct skp_view text,
                                      uint8_t ret[SKP_KEY_LEN],
                                      struct skp_diag *diag);
enum skp_err __wrap_skp_key_from_seed(struct skp_view text,
                                      uint8_t ret[SKP_KEY_LEN],
                                      struct skp_diag *diag);

/* What a forgotten variable would be. */
static volatile uint8_t kept[SKP_KEY_LEN];

enum skp_err __wrap_skp_key_from_seed(struct skp_view text,
                                      uint8_t ret[SKP_KEY_LEN],
                                      struct skp_diag *diag)
{
    enum skp_err err = __real_skp_key_from_seed(text, ret, diag);

    for (size_t i = 0; err == SKP_ERR_OK && i < SKP_KEY_LEN; i++) {
        kept[i] = ret[i];
    }
    return err;
}
