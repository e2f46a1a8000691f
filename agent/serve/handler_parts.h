/* handler_parts.h - what the files of the handler share: handler.c (who may,
 * and which step) and operations.c (the steps that use a tenant's keys).
 */
#ifndef SKD_HANDLER_PARTS_H
#define SKD_HANDLER_PARTS_H

#include "agent/serve/handler.h"

/* The largest result: an envelope of suite 2 around the largest payload. */
#define SKD_RESULT_MAX                                         \
    (SKP_HEADER_MAX + SKP_CHUNKED_HEAD_LEN + SKP_PAYLOAD_MAX + \
     (SKP_PAYLOAD_MAX / SKP_CHUNK_LEN + 1) * SKP_GCM_TAG_LEN)

struct skd_handler {
    struct skp_crypto *crypto;
    struct skp_secret scratch; /* SKD_RESULT_MAX bytes; the result is data */
    struct skp_diag diag;      /* text of an error */
    bool has_used_key;         /* the last request used a private key: */
    uint8_t used_key_id[SKP_KEY_ID_LEN];
    struct skp_hello hello;
    struct skp_tenant_row rows[SKP_TENANTS_PAGE];
};

/* One request on its way through its steps.  A step fills in the response, or
 * returns the error to answer with its text in the handler's diag. */
struct skd_call {
    struct skd_handler *handler;
    const struct skd_served *served;
    const struct skp_request *request;
    uint64_t now_ms;
    const struct skd_tenant *tenant; /* set by skd_operations_find, if not
                                      * before */
    struct skp_response *response;
};

/* Find the tenant, if that is not done, and make sure that its keys may be used
 * at all now.
 * @ret_wants  set to true when it was put on the demand list.
 *   SKP_ERR_NOT_FOUND    the sources do not know it.
 *   SKP_ERR_UNAVAILABLE  no keys yet, no usable one, or too old. */
SKP_MUST_CHECK enum skp_err skd_operations_find(struct skd_call *call,
                                                bool *ret_wants);

/* What opening a header takes of X25519. */
struct skd_opening {
    const uint8_t *private_key; /* SKP_KEY_LEN bytes of the snapshot */
    const uint8_t *point;       /* SKP_KEY_LEN bytes of the request */
};

/* True, with what it will multiply, when the step of decrypt, unwrap or rewrap
 * would get as far as opening its header; it decides by the same code.  Changes
 * nothing but the text of an error. */
bool skd_operations_peek(struct skd_call *call, struct skd_opening *ret);

/* One step per method.  Besides the errors of envelope.h:
 *   SKP_ERR_FAILED_PRECONDITION  the current key may only decrypt.
 *   SKP_ERR_NOT_FOUND            no key of the header's key_id.
 *   SKP_ERR_RESOURCE_EXHAUSTED   larger than max_payload allows. */
SKP_MUST_CHECK enum skp_err skd_operations_pubkey(struct skd_call *call);
SKP_MUST_CHECK enum skp_err skd_operations_encrypt(struct skd_call *call);
SKP_MUST_CHECK enum skp_err skd_operations_decrypt(struct skd_call *call);
SKP_MUST_CHECK enum skp_err skd_operations_unwrap(struct skd_call *call);
SKP_MUST_CHECK enum skp_err skd_operations_rewrap(struct skd_call *call);

#endif /* SKD_HANDLER_PARTS_H */
