/* plain.h - the limits: the same cryptography in a plain loop on one core,
 * without server, socket or message. */
#ifndef SKB_PLAIN_H
#define SKB_PLAIN_H

#include "tests/bench/tenants.h"

/* Each runs for about @seconds on the server's core. */

/* Open headers: HPKE in suite 2. */
struct skb_result skb_plain_unwrap(struct skb_envelopes *envelopes,
                                   double seconds);
/* One of them, number @nth counted round and round, on whatever core; false
 * when that goes wrong. */
bool skb_plain_unwrap_one(void *envelopes, size_t nth);
/* Open and make whole envelopes. */
struct skb_result skb_plain_decrypt(struct skb_envelopes *envelopes,
                                    double seconds);
struct skb_result skb_plain_encrypt(struct skb_envelopes *envelopes,
                                    double seconds);
/* OpenSSL's X25519 with its objects made once. */
struct skb_result skb_plain_x25519(struct skb_envelopes *envelopes,
                                   double seconds);
/* OpenSSL's AES-256-GCM over pieces of 16 KiB with one key; an operation is a
 * piece. */
struct skb_result skb_plain_gcm(bool is_sealing, double seconds);
/* The same pieces through chunked.h: what is held against the above. */
struct skb_result skb_plain_chunked(bool is_sealing, double seconds);

#endif /* SKB_PLAIN_H */
