/* handler.c - from one decoded request to its answer; see handler.h. */
#include "agent/serve/handler.h"

#include <stdlib.h>
#include <string.h>

#include "agent/serve/handler_parts.h"
#include "agent/store/tenant_state.h"

typedef enum skp_err (*step)(struct skd_call *call);

enum skp_err skd_handler_new(const struct skp_random *random,
                             struct skd_handler **ret)
{
    SKP_CLEANUP(skd_handler_free)
    struct skd_handler *handler = calloc(1, sizeof *handler);

    if (handler == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_secret_reserve(&handler->scratch, SKD_RESULT_MAX));
    SKP_TRY(skp_crypto_new(random, &handler->crypto));
    if (skp_crypto_ahead(handler->crypto) == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = SKP_TAKE(handler);
    return SKP_ERR_OK;
}

void skd_handler_free(struct skd_handler **handler)
{
    if (*handler == NULL) {
        return;
    }
    skp_crypto_free(&(*handler)->crypto);
    skp_secret_done(&(*handler)->scratch);
    free(*handler);
    *handler = NULL;
}

void skd_handler_wipe(struct skd_handler *handler)
{
    skp_secret_clear(&handler->scratch);
}

bool skd_handler_used_key(const struct skd_handler *handler,
                          uint8_t ret[SKP_KEY_ID_LEN])
{
    if (handler->has_used_key) {
        memcpy(ret, handler->used_key_id, SKP_KEY_ID_LEN);
    }
    return handler->has_used_key;
}

static enum skp_err do_hello(struct skd_call *call)
{
    call->handler->hello = (struct skp_hello){
        .agent = skp_view_of("sidekeyd/" SKD_VERSION),
        .protocol = SKP_PROTOCOL_VERSION,
        .message_max = (uint64_t)SKP_MESSAGE_MAX,
        .payload_max = call->served->policy.config->max_payload,
        .aad_max = SKP_AAD_MAX,
    };
    call->response->hello = &call->handler->hello;
    return SKP_ERR_OK;
}

static void fill_row(const struct skd_call *call,
                     const struct skd_tenant *tenant,
                     struct skp_tenant_row *ret)
{
    const struct skd_served *served = call->served;
    struct skd_tenant row = skd_snapshot_row(served->snapshot, tenant);

    *ret = (struct skp_tenant_row){
        .id = { (const uint8_t *)tenant->id, tenant->id_len },
        .state = skd_tenant_state(&row, call->now_ms,
                                  served->policy.config->max_stale_ms),
        .origin = (enum skp_origin)tenant->origin,
        .confirmed_at_s = row.confirmed_at_s,
    };
    if (tenant->n_keys > 0) {
        struct skd_key key = skd_snapshot_key(served->snapshot, tenant, 0);

        ret->key_id = key.key_id;
        ret->generation = key.generation;
    }
}

static enum skp_err do_tenants(struct skd_call *call)
{
    const struct skd_snapshot *snapshot = call->served->snapshot;
    struct skp_tenant_row *rows = call->handler->rows;
    size_t first = 0;
    size_t n_rows;

    if (snapshot == NULL) {
        return skp_fail(&call->handler->diag, SKP_ERR_UNAVAILABLE,
                        "no keys are loaded yet");
    }
    if (call->request->cursor.len > 0) {
        first = skd_snapshot_after(snapshot, call->request->cursor);
    }
    n_rows = skd_snapshot_count(snapshot) - first;
    if (n_rows > SKP_TENANTS_PAGE) {
        n_rows = SKP_TENANTS_PAGE;
    }
    for (size_t i = 0; i < n_rows; i++) {
        fill_row(call, skd_snapshot_at(snapshot, first + i), &rows[i]);
    }
    if (first + n_rows < skd_snapshot_count(snapshot)) {
        call->response->next = rows[n_rows - 1].id;
    }
    call->response->rows = rows;
    call->response->n_rows = n_rows;
    return SKP_ERR_OK;
}

/* ---- which step, and who may -------------------------------------------- */

struct method {
    unsigned right; /* 0: open to every caller */
    bool needs_key; /* the tenant must have one that may be used */
    bool uses_private_key;
    enum skd_handled handled;
    step run; /* NULL: nothing to compute */
};

static const struct method methods[SKP_METHOD_COUNT] = {
    [SKP_METHOD_HELLO] = { 0, false, false, SKD_HANDLED_ANSWER, do_hello },
    [SKP_METHOD_PUBKEY] = { SKD_RIGHT_PUBKEY, true, false, SKD_HANDLED_ANSWER,
                            skd_operations_pubkey },
    [SKP_METHOD_ENCRYPT] = { SKD_RIGHT_ENCRYPT, true, false, SKD_HANDLED_ANSWER,
                             skd_operations_encrypt },
    [SKP_METHOD_DECRYPT] = { SKD_RIGHT_DECRYPT, true, true, SKD_HANDLED_ANSWER,
                             skd_operations_decrypt },
    [SKP_METHOD_UNWRAP] = { SKD_RIGHT_UNWRAP, true, true, SKD_HANDLED_ANSWER,
                            skd_operations_unwrap },
    [SKP_METHOD_REWRAP] = { SKD_RIGHT_REWRAP, true, true, SKD_HANDLED_ANSWER,
                            skd_operations_rewrap },
    [SKP_METHOD_WATCH] = { SKD_RIGHT_WATCH, false, false, SKD_HANDLED_WATCH,
                           NULL },
    [SKP_METHOD_TENANTS] = { SKD_RIGHT_ADMIN, false, false, SKD_HANDLED_ANSWER,
                             do_tenants },
    [SKP_METHOD_STATUS] = { SKD_RIGHT_ADMIN, false, false, SKD_HANDLED_ASK,
                            NULL },
    [SKP_METHOD_REFRESH] = { SKD_RIGHT_ADMIN, false, false, SKD_HANDLED_ASK,
                             NULL },
    [SKP_METHOD_FORGET] = { SKD_RIGHT_ADMIN, false, false, SKD_HANDLED_ASK,
                            NULL },
};

bool skd_handler_uses_key(enum skp_method method)
{
    return methods[method].uses_private_key;
}

/* A request that names tenants needs the right on each; one that names none is
 * about all of them. */
static bool is_allowed(const struct skd_policy *policy,
                       const struct skd_peer *peer,
                       const struct skp_request *request)
{
    enum skd_right right = (enum skd_right)methods[request->method].right;

    if (right == 0) {
        return true;
    }
    if (request->tenant.len > 0) {
        return skd_policy_allows(policy, peer, right, request->tenant);
    }
    if (request->n_tenants == 0) {
        return skd_policy_allows_all(policy, peer, right);
    }
    for (size_t i = 0; i < request->n_tenants; i++) {
        if (!skd_policy_allows(policy, peer, right, request->tenants[i])) {
            return false;
        }
    }
    return true;
}

static enum skp_err run_method(struct skd_call *call, bool *ret_wants)
{
    const struct method *method = &methods[call->request->method];

    if (method->uses_private_key && call->served->may_not_use_keys) {
        return skp_fail(&call->handler->diag, SKP_ERR_UNAVAILABLE,
                        "the audit log cannot be written, and no key is used "
                        "without it");
    }
    if (method->needs_key) {
        SKP_TRY(skd_operations_find(call, ret_wants));
    }
    return method->run != NULL ? method->run(call) : SKP_ERR_OK;
}

struct skp_ahead *skd_handler_ahead(struct skd_handler *handler)
{
    return skp_crypto_ahead(handler->crypto);
}

bool skd_handler_peek(struct skd_handler *handler,
                      const struct skd_served *served,
                      const struct skd_peer *peer,
                      uint64_t now_ms,
                      const struct skp_request *request)
{
    struct skd_call call = { handler, served, request, now_ms, NULL, NULL };
    struct skd_opening opening;

    if (methods[request->method].uses_private_key &&
        !served->may_not_use_keys &&
        is_allowed(&served->policy, peer, request) &&
        skd_operations_peek(&call, &opening)) {
        (void)skp_ahead_add(skp_crypto_ahead(handler->crypto),
                            opening.private_key, opening.point);
    }
    return methods[request->method].handled != SKD_HANDLED_ASK;
}

enum skd_handled skd_handler_run(struct skd_handler *handler,
                                 const struct skd_served *served,
                                 const struct skd_peer *peer,
                                 uint64_t now_ms,
                                 const struct skp_request *request,
                                 const struct skd_tenant *found,
                                 struct skp_response *ret,
                                 bool *ret_wants)
{
    struct skd_call call = { handler, served, request, now_ms, found, ret };

    handler->diag.text[0] = '\0';
    handler->has_used_key = false;
    *ret = (struct skp_response){ .has_msgid = true,
                                  .msgid = request->msgid,
                                  .method = request->method };
    if (!is_allowed(&served->policy, peer, request)) {
        ret->err = SKP_ERR_PERMISSION_DENIED;
        return SKD_HANDLED_ANSWER;
    }
    ret->err = run_method(&call, ret_wants);
    if (ret->err != SKP_ERR_OK) {
        ret->text = skp_view_of(handler->diag.text);
        return SKD_HANDLED_ANSWER;
    }
    return methods[request->method].handled;
}
