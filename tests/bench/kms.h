/* kms.h - a KMIP server on loopback, over mutual TLS, whose every answer takes
 * a while on its way.
 *
 * The while is latency, not work: messages that arrive together are answered
 * together.  It has the seed of every tenant there can be, in an object with
 * the tenant's id as its name and identifier.
 */
#ifndef SKB_KMS_H
#define SKB_KMS_H

#include <stdbool.h>
#include <stdint.h>

struct skb_kms; /* opaque */

/* Start one that answers @latency_us after it was asked, and takes one question
 * in a message when it @refuses_batches.  Aborts when that fails. */
struct skb_kms *skb_kms_start(uint64_t latency_us, bool refuses_batches);

/* The value of crypto.kms_config for @depth messages in flight, for free(). */
char *skb_kms_config(const struct skb_kms *kms, unsigned depth);

/* Messages that it was sent so far. */
unsigned skb_kms_messages(const struct skb_kms *kms);

/* End; its client must have ended before.  Accepts NULL and leaves NULL. */
void skb_kms_stop(struct skb_kms **kms);

#endif /* SKB_KMS_H */
