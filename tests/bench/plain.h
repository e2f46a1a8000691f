/* plain.h - the limits: the same cryptography in a plain loop on one core,
 * without server, socket or message. */
#ifndef SKB_PLAIN_H
#define SKB_PLAIN_H

#include "tests/bench/tenants.h"

struct skb_plain {
    double cpu_us; /* for one operation */
    double per_s;  /* by the wall clock */
    uint64_t n_errors;
};

/* Each runs for about @seconds on the server's core. */

/* Open headers: HPKE in suite 2. */
struct skb_plain skb_plain_unwrap(struct skb_envelopes *envelopes,
                                  double seconds);
/* Open and make whole envelopes. */
struct skb_plain skb_plain_decrypt(struct skb_envelopes *envelopes,
                                   double seconds);
struct skb_plain skb_plain_encrypt(struct skb_envelopes *envelopes,
                                   double seconds);
/* OpenSSL's X25519 with its objects made once. */
struct skb_plain skb_plain_x25519(struct skb_envelopes *envelopes,
                                  double seconds);
/* OpenSSL's AES-256-GCM over pieces of 16 KiB with one key; an operation is a
 * piece. */
struct skb_plain skb_plain_gcm(bool is_sealing, double seconds);
/* The same pieces through chunked.h: what is held against the above. */
struct skb_plain skb_plain_chunked(bool is_sealing, double seconds);

#endif /* SKB_PLAIN_H */
