/* operations.c - the steps of requests that use a tenant's keys; see
 * handler_parts.h. */
#include <string.h>

#include "agent/serve/handler_parts.h"
#include "agent/store/tenant_state.h"

/* A tenant that the sources did not know is asked for again after this time;
 * the same pause the refresher makes between two demand refreshes. */
#define ABSENT_MS 5000u

static struct skp_diag *diag_of(struct skd_call *call)
{
    return &call->handler->diag;
}

/* ---- the tenant and its keys -------------------------------------------- */

/* The sentence on the tenant's tombstone, which says "gone" and not "wait"; or
 * NULL. */
static const char *read_tombstone(const struct skd_call *call)
{
    const struct skd_tombstone *tombstone = skd_tombstones_find(
        skd_snapshot_tombstones(call->served->snapshot), call->request->tenant);

    return tombstone == NULL ? NULL
                             : skd_gone_text((enum skd_gone)tombstone->why);
}

/* No snapshot knows the tenant: have the sources asked, where they can be.  One
 * that is gone is asked for like one that never was, since it may be back. */
static enum skp_err demand_tenant(struct skd_call *call, bool *ret_wants)
{
    const char *gone = read_tombstone(call);
    bool is_new = false;
    enum skd_demanded demanded;

    if (call->served->demand == NULL) {
        return skp_fail(diag_of(call), SKP_ERR_NOT_FOUND, "%s",
                        gone != NULL ? gone : "no such tenant");
    }
    demanded = skd_demand_ask(call->served->demand, call->request->tenant,
                              call->now_ms, ABSENT_MS, &is_new);
    if (is_new) {
        *ret_wants = true;
    }
    if (gone != NULL) {
        return skp_fail(diag_of(call), SKP_ERR_NOT_FOUND, "%s", gone);
    }
    switch (demanded) {
    case SKD_DEMANDED_ABSENT:
        return skp_fail(diag_of(call), SKP_ERR_NOT_FOUND, "no such tenant");
    case SKD_DEMANDED_FULL:
        return skp_fail(diag_of(call), SKP_ERR_UNAVAILABLE,
                        "the tenant is not known yet, and too many others are "
                        "being asked for");
    case SKD_DEMANDED_WAITING:
    default:
        return skp_fail(diag_of(call), SKP_ERR_UNAVAILABLE,
                        "the tenant is not known yet; the sources are being "
                        "asked");
    }
}

static enum skp_tenant_state state_of(const struct skd_call *call,
                                      const struct skd_tenant *tenant)
{
    return skd_tenant_state(tenant, call->now_ms,
                            call->served->policy.config->max_stale_ms);
}

/* A later snapshot may have confirmed what looks stale. */
static enum skp_tenant_state find_state(const struct skd_call *call,
                                        const struct skd_tenant *tenant)
{
    enum skp_tenant_state state = state_of(call, tenant);

    if (state == SKP_TENANT_STATE_STALE) {
        struct skd_tenant row =
            skd_snapshot_row(call->served->snapshot, tenant);

        state = state_of(call, &row);
    }
    return state;
}

/* Make sure that the keys of @tenant may be used at all now. */
static enum skp_err check_usable(struct skd_call *call,
                                 const struct skd_tenant *tenant)
{
    switch (find_state(call, tenant)) {
    case SKP_TENANT_STATE_ACTIVE:
    case SKP_TENANT_STATE_DECRYPT_ONLY:
        return SKP_ERR_OK;
    case SKP_TENANT_STATE_STALE:
        return skp_fail(diag_of(call), SKP_ERR_UNAVAILABLE,
                        "the key was not confirmed for longer than max_stale "
                        "allows");
    case SKP_TENANT_STATE_UNAVAILABLE:
    case SKP_TENANT_STATE_COUNT:
    default:
        if (tenant->is_destroyed) {
            return skp_fail(diag_of(call), SKP_ERR_NOT_FOUND, "%s",
                            skd_gone_text(SKD_GONE_DESTROYED));
        }
        return skp_fail(diag_of(call), SKP_ERR_UNAVAILABLE, "%s",
                        tenant->reason != NULL ? tenant->reason
                                               : "the tenant has no key");
    }
}

enum skp_err skd_operations_find(struct skd_call *call, bool *ret_wants)
{
    const struct skd_snapshot *snapshot = call->served->snapshot;

    if (snapshot == NULL) {
        return skp_fail(diag_of(call), SKP_ERR_UNAVAILABLE,
                        "no keys are loaded yet");
    }
    if (call->tenant == NULL) {
        call->tenant = skd_snapshot_find(snapshot, call->request->tenant);
    }
    if (call->tenant == NULL) {
        return demand_tenant(call, ret_wants);
    }
    return check_usable(call, call->tenant);
}

static struct skd_key current_key(const struct skd_call *call)
{
    return skd_snapshot_key(call->served->snapshot, call->tenant, 0);
}

/* The current key, if its state lets it make envelopes. */
static enum skp_err encryption_key(struct skd_call *call, struct skd_key *ret)
{
    if (call->tenant->use != SKD_USE_ALL) {
        return skp_fail(diag_of(call), SKP_ERR_FAILED_PRECONDITION,
                        "the tenant's key may only decrypt in its state");
    }
    *ret = current_key(call);
    return SKP_ERR_OK;
}

/* The key that opens @header. */
static enum skp_err opening_key(struct skd_call *call,
                                const struct skp_header *header,
                                struct skd_key *ret)
{
    if (header->raw) {
        *ret = current_key(call);
        return SKP_ERR_OK;
    }
    if (!skd_snapshot_key_by_id(call->served->snapshot, call->tenant,
                                header->key_id, ret)) {
        return skp_fail(diag_of(call), SKP_ERR_NOT_FOUND,
                        "the tenant has no key of that key_id");
    }
    return SKP_ERR_OK;
}

/* The private key leaves the snapshot here only, and it is noted. */
static struct skp_key_pair pair_of(struct skd_call *call,
                                   const struct skd_key *key)
{
    call->handler->has_used_key = true;
    memcpy(call->handler->used_key_id, key->key_id, SKP_KEY_ID_LEN);
    return (struct skp_key_pair){ key->private_key, key->public_key };
}

static struct skp_recipient recipient_of(const struct skd_call *call,
                                         const struct skd_key *key)
{
    return (struct skp_recipient){ call->request->tenant, key->public_key,
                                   key->key_id };
}

static enum skp_err check_payload(struct skd_call *call,
                                  const struct skp_header *header)
{
    size_t max = skp_payload_len(header->suite,
                                 call->served->policy.config->max_payload);

    if (call->request->data.len - header->len > max) {
        return skp_fail(diag_of(call), SKP_ERR_RESOURCE_EXHAUSTED,
                        "the ciphertext is larger than max_payload allows");
    }
    return SKP_ERR_OK;
}

static enum skp_err check_alone(struct skd_call *call,
                                const struct skp_header *header)
{
    if (call->request->data.len != header->len) {
        return skp_fail(diag_of(call), SKP_ERR_INVALID_ARGUMENT,
                        "the header of this suite has %zu bytes", header->len);
    }
    return SKP_ERR_OK;
}

/* All that comes before the private key is used: parse the header in the
 * request's data, find the key that opens it, and see that the rest of the
 * request lets it be opened. */
static enum skp_err find_opening(struct skd_call *call,
                                 struct skp_header *ret,
                                 struct skd_key *ret_key)
{
    const struct skp_request *request = call->request;
    struct skd_key current = { 0 };

    SKP_TRY(skp_header_parse(request->data, request->raw, request->suite, ret,
                             diag_of(call)));
    SKP_TRY(opening_key(call, ret, ret_key));
    if (request->method == SKP_METHOD_DECRYPT) {
        return check_payload(call, ret);
    }
    return request->method == SKP_METHOD_UNWRAP
               ? check_alone(call, ret)
               : encryption_key(call, &current);
}

bool skd_operations_peek(struct skd_call *call, struct skd_opening *ret)
{
    const struct skd_snapshot *snapshot = call->served->snapshot;
    struct skp_header header;
    struct skd_key key = { 0 };

    call->tenant = snapshot == NULL
                       ? NULL
                       : skd_snapshot_find(snapshot, call->request->tenant);
    if (call->tenant == NULL ||
        check_usable(call, call->tenant) != SKP_ERR_OK ||
        find_opening(call, &header, &key) != SKP_ERR_OK) {
        return false;
    }
    *ret = (struct skd_opening){ key.private_key, header.enc };
    /* Suite 1 cannot be rewrapped, which is found out without a key. */
    return call->request->method != SKP_METHOD_REWRAP ||
           header.suite != SKP_SUITE_X25519_AES256CTR;
}

/* Make what the scratch holds the result. */
static void set_result(struct skd_call *call, size_t len, const uint8_t *key_id)
{
    call->handler->scratch.len = len;
    call->response->data = skp_secret_view(&call->handler->scratch);
    call->response->key_id = key_id;
}

/* ---- one step per method ------------------------------------------------ */

enum skp_err skd_operations_pubkey(struct skd_call *call)
{
    struct skd_key key = { 0 };

    SKP_TRY(encryption_key(call, &key));
    call->response->data = (struct skp_view){ key.public_key, SKP_KEY_LEN };
    call->response->key_id = key.key_id;
    call->response->generation = key.generation;
    return SKP_ERR_OK;
}

/* The suite to encrypt with: the raw form exists in suite 1 only. */
static enum skp_err choose_suite(struct skd_call *call, enum skp_suite *ret)
{
    const struct skp_request *request = call->request;
    enum skp_suite suite = request->suite;

    if (suite == SKP_SUITE_ANY) {
        suite = request->raw ? SKP_SUITE_X25519_AES256CTR
                             : SKP_SUITE_X25519_HPKE_AES256GCM;
    }
    if (request->raw && suite != SKP_SUITE_X25519_AES256CTR) {
        return skp_fail(diag_of(call), SKP_ERR_INVALID_ARGUMENT,
                        "only suite 1 has a raw form");
    }
    *ret = suite;
    return SKP_ERR_OK;
}

enum skp_err skd_operations_encrypt(struct skd_call *call)
{
    SKP_WIPED(uint8_t, data_key, SKP_KEY_LEN);
    const struct skp_request *request = call->request;
    struct skd_handler *handler = call->handler;
    struct skp_recipient recipient;
    struct skp_buf out;
    enum skp_suite suite = SKP_SUITE_ANY;
    struct skd_key key = { 0 };

    if (request->data.len > call->served->policy.config->max_payload) {
        return skp_fail(diag_of(call), SKP_ERR_RESOURCE_EXHAUSTED,
                        "the plaintext is larger than max_payload");
    }
    SKP_TRY(choose_suite(call, &suite));
    SKP_TRY(encryption_key(call, &key));
    recipient = recipient_of(call, &key);
    out = skp_buf_over(handler->scratch.bytes, handler->scratch.cap);
    SKP_TRY(skp_header_seal(handler->crypto, suite, request->raw, &recipient,
                            data_key, out.ptr, &out.len));
    SKP_TRY(skp_payload_seal(handler->crypto, suite, data_key, request->aad,
                             request->data, &out));
    set_result(call, out.len, key.key_id);
    return SKP_ERR_OK;
}

enum skp_err skd_operations_decrypt(struct skd_call *call)
{
    SKP_WIPED(uint8_t, data_key, SKP_KEY_LEN);
    const struct skp_request *request = call->request;
    struct skd_handler *handler = call->handler;
    struct skp_header header;
    struct skp_key_pair pair;
    struct skp_view payload;
    struct skp_buf out;
    struct skd_key key = { 0 };

    SKP_TRY(find_opening(call, &header, &key));
    payload = (struct skp_view){ request->data.ptr + header.len,
                                 request->data.len - header.len };
    pair = pair_of(call, &key);
    SKP_TRY(skp_header_open(handler->crypto, &header, &pair, request->tenant,
                            data_key));
    out = skp_buf_over(handler->scratch.bytes, handler->scratch.cap);
    SKP_TRY(skp_payload_open(handler->crypto, header.suite, data_key,
                             request->aad, payload, &out, diag_of(call)));
    set_result(call, out.len, key.key_id);
    call->response->authenticated = header.suite != SKP_SUITE_X25519_AES256CTR;
    return SKP_ERR_OK;
}

enum skp_err skd_operations_unwrap(struct skd_call *call)
{
    struct skd_handler *handler = call->handler;
    struct skp_header header;
    struct skp_key_pair pair;
    struct skd_key key = { 0 };

    SKP_TRY(find_opening(call, &header, &key));
    pair = pair_of(call, &key);
    SKP_TRY(skp_header_open(handler->crypto, &header, &pair,
                            call->request->tenant, handler->scratch.bytes));
    set_result(call, SKP_KEY_LEN, key.key_id);
    call->response->suite = header.suite;
    return SKP_ERR_OK;
}

/* The new header is made with the current key, which therefore needs to be one
 * that may encrypt. */
enum skp_err skd_operations_rewrap(struct skd_call *call)
{
    struct skd_handler *handler = call->handler;
    struct skp_recipient recipient;
    struct skp_header header;
    struct skp_key_pair pair;
    struct skd_key former = { 0 };
    struct skd_key current = { 0 };

    SKP_TRY(find_opening(call, &header, &former));
    current = current_key(call);
    pair = pair_of(call, &former);
    recipient = recipient_of(call, &current);
    SKP_TRY(skp_header_rewrap(handler->crypto, &header, &pair, &recipient,
                              handler->scratch.bytes));
    set_result(call, SKP_HEADER_2_LEN, current.key_id);
    return SKP_ERR_OK;
}
