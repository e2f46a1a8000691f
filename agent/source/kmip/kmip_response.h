/* kmip_response.h - from the bytes of a response message to checked answers.
 *
 * A response is believed as far as it belongs to the request: its items are
 * matched to the questions by Unique Batch Item ID and Operation.  What breaks
 * the frame of the message condemns it as a whole; what is wrong inside one
 * item condemns that item.  kmip_payload.h looks into the payloads.
 *
 * Secrets:  nothing is copied; answers borrow from the message.
 */
#ifndef SKD_KMIP_RESPONSE_H
#define SKD_KMIP_RESPONSE_H

#include "agent/source/kmip/kmip_request.h"
#include "protocol/diag.h"

/* One batch item of a response. */
struct skd_kmip_answer {
    bool is_answered;
    /* NULL, or what makes an item that says Success unbelievable. */
    const char *bad;
    uint32_t status;         /* enum skd_kmip_status */
    uint32_t reason;         /* 0: none was given */
    struct skp_view message; /* the server's words; untrusted text */
    struct skp_view payload; /* contents; ptr NULL: none came */
};

struct skd_kmip_response {
    /* The server refused the message as a whole: one failed item that belongs
     * to no question.  Then nothing in @answers is answered. */
    bool is_refused;
    struct skd_kmip_answer refusal;
    /* By the number of the question; those that the server left out are not
     * answered. */
    struct skd_kmip_answer answers[SKD_KMIP_BATCH_MAX];
};

/* Check the first 8 bytes of a response and say how long the whole is.
 *   SKP_ERR_INVALID_ARGUMENT  no Response Message, or longer than
 *                             SKD_KMIP_MESSAGE_MAX. */
SKP_MUST_CHECK enum skp_err skd_kmip_response_measure(const uint8_t header[8],
                                                      size_t *ret_len,
                                                      struct skp_diag *diag);

/* Read the whole response @message to the request that asked @n @questions
 * from @first_id on.
 *   SKP_ERR_INVALID_ARGUMENT  not a response to that request: drop the
 *                             connection.  @diag says why, *ret is unset. */
SKP_MUST_CHECK enum skp_err
skd_kmip_response_read(struct skp_view message,
                       const struct skd_kmip_question *questions,
                       size_t n,
                       uint32_t first_id,
                       struct skd_kmip_response *ret,
                       struct skp_diag *diag);

#endif /* SKD_KMIP_RESPONSE_H */
