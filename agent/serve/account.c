/* account.c - what the audit log is told of requests; see connection_parts.h.
 */
#include "agent/serve/connection_parts.h"

/* Tell it of what was handled, when that is what it is for. */
static void record_request(struct skd_connection *connection,
                           const struct skp_request *request,
                           enum skp_err err,
                           uint64_t began_us)
{
    struct skd_desk *desk = connection->desk;
    uint8_t key_id[SKP_KEY_ID_LEN] = { 0 };
    struct skd_audit_request record = {
        &connection->peer, request->method, request->tenant, err, NULL, 0
    };

    if (err == SKP_ERR_PERMISSION_DENIED) {
        skd_audit_request_denied(&desk->pen, desk->env,
                                 &connection->caller->denials, &record);
    } else if (skd_handler_uses_key(request->method) &&
               !desk->served.may_not_use_keys) {
        if (skd_handler_used_key(desk->handler, key_id)) {
            record.key_id = key_id;
        }
        record.duration_us = skd_env_now_us(desk->env) - began_us;
        skd_audit_request_used(&desk->pen, desk->env, &record);
    }
}

enum skd_handled skd_account_run(struct skd_connection *connection,
                                 const struct skp_request *request,
                                 const struct skd_tenant *found,
                                 uint64_t now_ms,
                                 struct skp_response *ret,
                                 bool *ret_wants)
{
    struct skd_desk *desk = connection->desk;
    const struct skd_audit_pen *pen = &desk->pen;
    enum skd_handled handled;
    uint64_t began_us = 0;

    if (pen->audit != NULL) {
        desk->served.may_not_use_keys =
            !skd_audit_may_use(pen->audit, pen->producer);
        began_us = skd_env_now_us(desk->env);
    }
    handled = skd_handler_run(desk->handler, &desk->served, &connection->peer,
                              now_ms, request, found, ret, ret_wants);
    if (pen->audit != NULL) {
        record_request(connection, request, ret->err, began_us);
    }
    return handled;
}

void skd_account_refusal(struct skd_connection *connection,
                         const struct skp_request *request,
                         enum skp_err err)
{
    struct skd_desk *desk = connection->desk;
    const struct skd_audit_request record = {
        &connection->peer, request->method, request->tenant, err, NULL, 0
    };

    skd_audit_request_denied(&desk->pen, desk->env,
                             &connection->caller->denials, &record);
}
