/* kmip_batch.h - many questions to the KMIP server, each with one result.
 *
 * Questions go out in batches, several messages in flight.  A question whose
 * item failed does not harm the others: those that a server left out are asked
 * again, alone when it refuses batches, on another server when this one fails.
 *
 * Thread:   one at a time; blocks.
 * Secrets:  payloads of results borrow locked memory of the client.
 */
#ifndef SKD_KMIP_BATCH_H
#define SKD_KMIP_BATCH_H

#include "agent/source/kmip/kmip_client.h"

/* What became of one question. */
struct skd_kmip_result {
    /* SKP_ERR_OK                   success; @payload has its contents.
     * SKP_ERR_FAILED_PRECONDITION  the server refused; @reason says why.
     * SKP_ERR_INVALID_ARGUMENT     an answer that cannot be believed.
     * SKP_ERR_UNAVAILABLE          no answer. */
    enum skp_err err;
    uint32_t reason;         /* enum skd_kmip_reason, 0: none given */
    struct skp_view payload; /* valid during the call */
    const char *text;        /* why not, for the operator; during the call */
};

/* Called once for each question, in no promised order. */
struct skd_kmip_listener {
    void *state;
    void (*on_result)(void *state,
                      size_t index,
                      const struct skd_kmip_result *result);
};

/* Ask @n @questions and return when each has its result.  Repeats only
 * questions that do no harm when asked twice.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; results may be missing. */
SKP_MUST_CHECK enum skp_err
skd_kmip_batch_ask(struct skd_kmip_client *client,
                   const struct skd_kmip_question *questions,
                   size_t n,
                   const struct skd_kmip_listener *listener);

#endif /* SKD_KMIP_BATCH_H */
