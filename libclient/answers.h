/* answers.h - between the public structs and the messages of the protocol.
 *
 * What both ways of asking share, the calls that wait (client.c) and those that
 * do not (async.c): which request a call becomes, and what of an answer is
 * believed.
 *
 * Secrets:  a data key goes from the answer to the caller's struct and nowhere
 *           else.
 */
#ifndef SKC_ANSWERS_H
#define SKC_ANSWERS_H

#include "libclient/sidekey.h"
#include "protocol/rpc.h"

/* Put @options (NULL: none) into @request, whose method is set: the suite to
 * name, raw, and aad (borrowed). */
void skc_answers_options(struct skp_request *request,
                         const struct sidekey_options *options);

/* The header at the start of @bytes, as far as its length goes: what follows
 * it is the payload and stays here. */
struct skp_view
skc_answers_cut_header(const uint8_t *bytes, size_t len, bool raw);

/* Copy the key out of the answer to `pubkey`.
 *   SKP_ERR_INTERNAL  a wrong length, or not the key id of that key. */
SKP_MUST_CHECK enum skp_err
skc_answers_public_key(const struct skp_response *response,
                       struct sidekey_public_key *ret,
                       struct skp_diag *diag);

/* Copy the key out of the answer to `unwrap`.
 *   SKP_ERR_INTERNAL  a wrong length or an unknown suite. */
SKP_MUST_CHECK enum skp_err
skc_answers_data_key(const struct skp_response *response,
                     struct sidekey_data_key *ret,
                     struct skp_diag *diag);

/* Copy the header out of the answer to `rewrap`.
 *   SKP_ERR_INTERNAL  a wrong length. */
SKP_MUST_CHECK enum skp_err
skc_answers_header(const struct skp_response *response,
                   uint8_t ret[SIDEKEY_HEADER_MAX],
                   struct skp_diag *diag);

/* Refuse what no agent would take, before anything is sent.
 *   SKP_ERR_INVALID_ARGUMENT    no tenant id; aad over its limit.
 *   SKP_ERR_RESOURCE_EXHAUSTED  too long for one message. */
SKP_MUST_CHECK enum skp_err
skc_answers_check_request(const struct skp_request *request,
                          struct skp_diag *diag);

/* Keep the agent's words of an error in @diag and return the error. */
enum skp_err skc_answers_keep_words(const struct skp_response *response,
                                    struct skp_diag *diag);

#endif /* SKC_ANSWERS_H */
