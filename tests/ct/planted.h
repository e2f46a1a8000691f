/* planted.h - code that shows a secret, to see that it is found. */
#ifndef SKT_PLANTED_H
#define SKT_PLANTED_H

#include "protocol/bytes.h"

#define SKT_PLANTED 4

/* Run leak @which: 0 memcmp, 1 a table indexed by a secret, 2 a branch on one
 * bit, 3 a comparison that ends at the first difference.
 * @secret, @other  SKP_KEY_LEN bytes each. */
void skt_run_planted(int which, const uint8_t *secret, const uint8_t *other);

#endif /* SKT_PLANTED_H */
