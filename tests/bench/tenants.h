/* tenants.h - made-up tenants, and what requests about them must be answered.
 *
 * Tenant n and its key follow from n alone, so the answers are computed here,
 * with protocol/ and without the agent.
 */
#ifndef SKB_TENANTS_H
#define SKB_TENANTS_H

#include "protocol/rpc.h"
#include "tests/bench/load.h"

#define SKB_TENANT_ID_LEN 36u
#define SKB_SEED_TEXT_LEN 44u
#define SKB_PLAINTEXT_LEN 1024u

struct skb_tenant {
    char id[SKB_TENANT_ID_LEN + 1];
    char seed[SKB_SEED_TEXT_LEN + 1];
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
};

/* Id and seed of tenant @n: what a list of tenants needs. */
void skb_tenant_name(size_t n, struct skb_tenant *ret);

/* The same with its keys. */
void skb_tenant_make(size_t n, struct skb_tenant *ret);

/* One of the envelopes that are asked about. */
struct skb_envelope {
    struct skb_tenant tenant;
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t plaintext[SKB_PLAINTEXT_LEN];
    uint8_t bytes[SKB_PLAINTEXT_LEN + 256]; /* header and payload */
    size_t header_len;
    size_t len;
};

/* Envelopes of @suite for tenants spread evenly over the first @n_tenants. */
struct skb_envelopes {
    struct skp_crypto *crypto;
    enum skp_suite suite;
    struct skb_envelope *items;
    size_t n_items;
};
void skb_envelopes_init(struct skb_envelopes *envelopes,
                        enum skp_suite suite,
                        size_t n_items,
                        size_t n_tenants);
void skb_envelopes_done(struct skb_envelopes *envelopes);

/* The requests of @method about the envelopes, with their answers.
 * @envelopes  borrowed for the script's life. */
void skb_script_make(struct skb_script *script,
                     enum skp_method method,
                     struct skb_envelopes *envelopes);

#endif /* SKB_TENANTS_H */
