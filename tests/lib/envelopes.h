/* envelopes.h - the shared golden envelopes: find them, build them, damage
 * them as their negative cases say.
 */
#ifndef SKT_ENVELOPES_H
#define SKT_ENVELOPES_H

#include "protocol/envelope.h"
#include "tests/lib/golden.h"
#include "tests/lib/vectors.h"

/* The longest envelope there is, with room for what ops add. */
#define SKT_ENVELOPE_MAX (1u << 21)

/* The golden envelope of that name in vectors/envelope.json. */
const cJSON *skt_envelope_row(const cJSON *json, const char *name);

enum skp_suite skt_envelope_suite(const cJSON *row);

/* The tenant's key with that id; false when it has none, or is unknown. */
bool skt_envelope_key(const cJSON *json,
                      const char *tenant,
                      const uint8_t key_id[SKP_KEY_ID_LEN],
                      struct skt_key *ret);

/* Seal the golden envelope anew from its random inputs and append it; one
 * without them, which no writer makes, is appended as given. */
void skt_envelope_build(const cJSON *json,
                        const cJSON *row,
                        struct skp_buf *ret);

/* Append the damaged envelope of a negative case, and check it against the
 * case's own SHA-256. */
void skt_envelope_damage(const cJSON *json,
                         const cJSON *negative,
                         struct skp_buf *ret);

/* Assert the SHA-256 of @bytes. */
void skt_sha256_is(struct skp_view bytes, const char *hex);

#endif /* SKT_ENVELOPES_H */
