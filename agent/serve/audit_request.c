/* audit_request.c - from a request to records of the audit log; see
 * audit_request.h. */
#include "agent/serve/audit_request.h"

#include <string.h>

static struct skd_audit_record start_record(const struct skd_env *env,
                                            enum skp_audit_event event,
                                            enum skp_err err)
{
    return (struct skd_audit_record){ .time_ms = skd_env_wall_ms(env),
                                      .event = (uint8_t)event,
                                      .method = SKP_METHOD_COUNT,
                                      .has_outcome = true,
                                      .err = (uint8_t)err };
}

static struct skd_audit_record
record_of(const struct skd_env *env,
          enum skp_audit_event event,
          const struct skd_audit_request *request)
{
    struct skd_audit_record record = start_record(env, event, request->err);

    record.method = (uint8_t)request->method;
    record.has_peer = true;
    record.uid = request->peer->uid;
    record.gid = request->peer->gid;
    record.pid = request->peer->pid;
    record.process = skd_process_ref(request->peer->process);
    skp_assert(request->tenant.len <= sizeof record.tenant);
    record.tenant_len = (uint8_t)request->tenant.len;
    if (request->tenant.len > 0) {
        memcpy(record.tenant, request->tenant.ptr, request->tenant.len);
    }
    if (request->key_id != NULL) {
        record.has_key_id = true;
        memcpy(record.key_id, request->key_id, SKP_KEY_ID_LEN);
    }
    return record;
}

void skd_audit_request_done(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            enum skp_audit_event event,
                            const struct skd_audit_request *request)
{
    struct skd_audit_record record;

    if (pen->audit == NULL) {
        return;
    }
    record = record_of(env, event, request);
    record.has_duration = true;
    record.duration_us = request->duration_us;
    skd_audit_put(pen->audit, pen->producer, &record);
}

void skd_audit_request_used(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            const struct skd_audit_request *request)
{
    skd_audit_request_done(pen, env, SKP_AUDIT_USE, request);
}

void skd_audit_request_denied(const struct skd_audit_pen *pen,
                              const struct skd_env *env,
                              struct skd_denials *denials,
                              const struct skd_audit_request *request)
{
    struct skd_audit_record record;

    if (pen->audit == NULL) {
        return;
    }
    skd_audit_request_tell(pen, env, denials, request->peer->uid, false);
    if (skd_denials_add(denials, skd_env_now_ms(env))) {
        record = record_of(env, SKP_AUDIT_DENIED, request);
        skd_audit_put(pen->audit, pen->producer, &record);
    }
}

void skd_audit_request_tell(const struct skd_audit_pen *pen,
                            const struct skd_env *env,
                            struct skd_denials *denials,
                            uid_t uid,
                            bool is_last)
{
    uint64_t n = skd_denials_take(denials, skd_env_now_ms(env), is_last);

    if (pen->audit != NULL && n > 0) {
        struct skd_audit_record record =
            start_record(env, SKP_AUDIT_DENIED, SKP_ERR_OK);

        /* Of several kinds, maybe: outcome, process and group are not told. */
        record.has_outcome = false;
        record.has_peer = true;
        record.uid = uid;
        record.gid = (gid_t)-1;
        record.count = n;
        skd_audit_put(pen->audit, pen->producer, &record);
    }
}

void skd_audit_request_own(const struct skd_audit_pen *pen,
                           const struct skd_env *env,
                           enum skp_audit_event event,
                           enum skp_err err)
{
    if (pen->audit != NULL) {
        struct skd_audit_record record = start_record(env, event, err);

        skd_audit_put(pen->audit, pen->producer, &record);
    }
}
