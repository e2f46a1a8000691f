/* golden.h - a few golden envelopes, so that a clone without the shared data
 * has vectors too, and the plaintext that all of them hold.
 */
#ifndef SKT_GOLDEN_H
#define SKT_GOLDEN_H

#include "protocol/envelope.h"

/* One envelope; all texts but the tenant and the seed are hex. */
struct skt_golden {
    const char *tenant;
    const char *seed; /* base64, of the key it is sealed to */
    const char *ephemeral_private;
    const char *data_key; /* the stream key in suite 1 */
    const char *salt;     /* "" in suite 1 */
    const char *aad;
    size_t plaintext_len;
    const char *header;
    const char *payload;
};

extern const struct skt_golden skt_golden_1;      /* suite 1, 17 bytes */
extern const struct skt_golden skt_golden_2;      /* suite 2, 17 bytes */
extern const struct skt_golden skt_golden_former; /* suite 2, a former key */

/* skt_golden_former rewrapped to its tenant's current key. */
extern const char skt_rewrap_seed[];
extern const char skt_rewrap_ephemeral[];
extern const char skt_rewrap_header[];

/* A key and what is derived from it. */
struct skt_key {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
};

/* Derive the key of @seed. */
void skt_key_init(struct skt_key *key, const char *seed);

struct skp_key_pair skt_key_pair(const struct skt_key *key);
struct skp_recipient skt_recipient(const struct skt_key *key,
                                   const char *tenant);

/* Byte i of every golden plaintext is (31 * i + 7) mod 256; fill @ret. */
void skt_plaintext(uint8_t *ret, size_t len);

#endif /* SKT_GOLDEN_H */
