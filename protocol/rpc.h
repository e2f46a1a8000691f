/* rpc.h - the messages of PROTOCOL.md as C structs, and what all of them share.
 *
 * A request travels from client to agent, a response back, and a notification
 * from the agent to a client that watches.  Encoder and decoder of each stand
 * in one file: rpc_request.c, rpc_response.c.  The decoders take one whole
 * message, as skp_frame_scan found it, and give views into its bytes.
 *
 * Secrets:  decoded messages borrow the caller's bytes and copy no content.
 */
#ifndef SKP_RPC_H
#define SKP_RPC_H

#include "protocol/diag.h"
#include "protocol/envelope.h"
#include "protocol/frame.h"

#define SKP_PROTOCOL_VERSION 1u

/* X(name, wire name) */
#define SKP_METHOD_MAP(X) \
    X(HELLO, "hello")     \
    X(PUBKEY, "pubkey")   \
    X(ENCRYPT, "encrypt") \
    X(DECRYPT, "decrypt") \
    X(UNWRAP, "unwrap")   \
    X(REWRAP, "rewrap")   \
    X(WATCH, "watch")     \
    X(TENANTS, "tenants") \
    X(STATUS, "status")   \
    X(REFRESH, "refresh") \
    X(FORGET, "forget")

enum skp_method {
#define SKP_METHOD_ENUM(name, text) SKP_METHOD_##name,
    SKP_METHOD_MAP(SKP_METHOD_ENUM)
#undef SKP_METHOD_ENUM
    SKP_METHOD_COUNT,
};

/* The wire name of @method. */
const char *skp_method_name(enum skp_method method);

/* The method of that wire name; SKP_METHOD_COUNT for none. */
enum skp_method skp_method_from_name(struct skp_view name);

/* Scratch memory of the MessagePack decoder, reused from message to message.
 * What a decoder gave is valid until the next decode with the same scratch.
 * Thread: one at a time. */
struct skp_scratch;
SKP_MUST_CHECK enum skp_err skp_scratch_new(struct skp_scratch **ret);
void skp_scratch_free(struct skp_scratch **scratch);

/* ---- requests ---------------------------------------------------------- */

/* One request.  Which fields matter is in the table of PROTOCOL.md; the rest
 * is zero. */
struct skp_request {
    uint32_t msgid;
    enum skp_method method;
    struct skp_view tenant;
    /* encrypt: plaintext.  decrypt: ciphertext.  unwrap, rewrap: header. */
    struct skp_view data;
    struct skp_view aad;
    enum skp_suite suite; /* SKP_SUITE_ANY: not given */
    bool raw;
    bool accept_removals;
    struct skp_view cursor;         /* tenants; len 0: from the start */
    const struct skp_view *tenants; /* watch */
    size_t n_tenants;               /* watch; 0: all */
};

/* What a decoder could find out about a message that it refuses. */
struct skp_refusal {
    bool has_msgid; /* false: answer with msgid nil and close */
    uint32_t msgid;
};

/* Append the encoded request to @out.
 *   SKP_ERR_RESOURCE_EXHAUSTED  does not fit @out. */
SKP_MUST_CHECK enum skp_err
skp_request_encode(const struct skp_request *request, struct skp_buf *out);

/* Decode one whole message, not looked at yet.
 * @refusal  set on failure: how to answer.
 * @diag     set on failure: names the field, never a value of one.
 *   SKP_ERR_INVALID_ARGUMENT  no request, a missing, unknown, repeated or
 *                             mistyped parameter, aad or text over its limit,
 *                             a tenant id that is none.
 *   SKP_ERR_UNIMPLEMENTED     unknown method, or unknown suite.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for the scratch. */
SKP_MUST_CHECK enum skp_err skp_request_decode(struct skp_scratch *scratch,
                                               struct skp_view message,
                                               struct skp_request *ret,
                                               struct skp_refusal *refusal,
                                               struct skp_diag *diag);

/* Decode the message at the start of @bytes without finding its end before.
 * When that is a right request it is whole and within all limits, as
 * skp_frame_scan would say, and *ret_len is its length.  Any other result means
 * something only when the scan says that the message is whole: then it is that
 * of skp_request_decode. */
SKP_MUST_CHECK enum skp_err skp_request_read(struct skp_scratch *scratch,
                                             struct skp_view bytes,
                                             struct skp_request *ret,
                                             size_t *ret_len,
                                             struct skp_refusal *refusal,
                                             struct skp_diag *diag);

/* ---- responses ---------------------------------------------------------- */

/* X(name, wire name) */
#define SKP_TENANT_STATE_MAP(X)     \
    X(ACTIVE, "active")             \
    X(DECRYPT_ONLY, "decrypt-only") \
    X(STALE, "stale")               \
    X(UNAVAILABLE, "unavailable")

enum skp_tenant_state {
#define SKP_TENANT_STATE_ENUM(name, text) SKP_TENANT_STATE_##name,
    SKP_TENANT_STATE_MAP(SKP_TENANT_STATE_ENUM)
#undef SKP_TENANT_STATE_ENUM
    SKP_TENANT_STATE_COUNT,
};

/* The wire name of @state. */
const char *skp_tenant_state_name(enum skp_tenant_state state);

/* The state of that wire name; SKP_TENANT_STATE_COUNT for none. */
enum skp_tenant_state skp_tenant_state_from_name(struct skp_view name);

#define SKP_ORIGIN_MAP(X)         \
    X(FILE, "file")               \
    X(COORDINATOR, "coordinator") \
    X(KMIP, "kmip")               \
    X(DEV, "dev")

/* Where a tenant's key came from: `source` on the wire. */
enum skp_origin {
#define SKP_ORIGIN_ENUM(name, text) SKP_ORIGIN_##name,
    SKP_ORIGIN_MAP(SKP_ORIGIN_ENUM)
#undef SKP_ORIGIN_ENUM
    SKP_ORIGIN_COUNT,
};
const char *skp_origin_name(enum skp_origin origin);

/* The origin of that wire name; SKP_ORIGIN_COUNT for none. */
enum skp_origin skp_origin_from_name(struct skp_view name);

struct skp_hello {
    struct skp_view agent; /* "sidekeyd/VERSION" */
    uint32_t protocol;
    uint64_t message_max; /* limits.message */
    uint64_t payload_max; /* limits.payload */
    uint64_t aad_max;     /* limits.aad */
};

/* One row of `tenants`, and one entry of a "changed" notification (which has
 * tenant, key_id and generation only). */
struct skp_tenant_row {
    struct skp_view id;
    const uint8_t *key_id; /* NULL when the tenant has no key: nil */
    uint64_t generation;   /* 0 when there is none */
    enum skp_tenant_state state;
    enum skp_origin origin;
    int64_t confirmed_at_s; /* Unix seconds; 0: never */
};

/* One source in `status`. */
struct skp_source_row {
    struct skp_view name;       /* "coordinator", "kmip", "file" */
    int64_t last_attempt_s;     /* Unix seconds; 0: never */
    int64_t last_success_s;     /* Unix seconds; 0: never */
    struct skp_view last_error; /* empty: none */
    uint64_t failures;          /* in a row, up to now */
};

/* Why keys are gone for good.  X(name, wire name) */
#define SKP_GONE_MAP(X)       \
    X(DESTROYED, "destroyed") \
    X(REMOVED, "removed")     \
    X(FORGOTTEN, "forgotten")

enum skp_gone {
#define SKP_GONE_ENUM(name, text) SKP_GONE_##name,
    SKP_GONE_MAP(SKP_GONE_ENUM)
#undef SKP_GONE_ENUM
    SKP_GONE_COUNT,
};

/* The wire name of @gone. */
const char *skp_gone_name(enum skp_gone gone);

/* A certificate that the agent shows, or is shown. */
struct skp_certificate_row {
    struct skp_view name; /* "kms client", "kms server", ... */
    int64_t not_after_s;  /* Unix seconds: it is of no use later */
};

/* The audit log in `status`. */
struct skp_audit_row {
    struct skp_view target; /* "stderr" or a path */
    uint64_t written;
    uint64_t dropped;
    uint64_t sequence; /* number of the last record */
    bool failing;
};

/* What the last refresh could not confirm. */
struct skp_unrefreshed_row {
    uint64_t tenants;       /* how many; 0: none */
    struct skp_view oldest; /* the one that was confirmed the longest ago */
    int64_t since_s;        /* when that was, Unix seconds; 0: never */
};

/* A list of numbers; borrowed. */
struct skp_counts {
    const uint64_t *list;
    size_t n;
};

/* How requests of one method were answered since the start. */
struct skp_requests_row {
    struct skp_view method; /* its wire name; "none": it could not be told */
    struct skp_counts answered; /* by the gRPC number of the code, from 0 */
    /* By duration: how many lasted no longer than the bound of that number,
     * and longer than the one before; the last, than all. */
    struct skp_counts lasted;
};

/* What was done since the start; two of them make a rate. */
struct skp_totals {
    uint64_t uptime_ms;           /* when these were counted: since the start */
    struct skp_counts workers_us; /* CPU time that each worker has used */
    struct skp_counts bounds_ns;  /* of durations, ascending, inclusive */
    const struct skp_requests_row *requests; /* methods that were used */
    size_t n_requests;
};

struct skp_status {
    struct skp_view agent; /* "sidekeyd/VERSION" */
    struct skp_view mode;  /* "remote-multi-keys", "dev", ... */
    uint64_t pid;
    int64_t started_at_s;
    struct skp_view memory_tier; /* "memfd_secret", "mlock", "none" */
    uint64_t locked_bytes;
    uint64_t snapshot; /* snapshots published since the start */
    bool ready;        /* the first refresh has ended with a snapshot */
    bool refreshing;
    int64_t next_refresh_s; /* Unix seconds; 0: none is planned */
    uint64_t tenants[SKP_TENANT_STATE_COUNT];
    uint64_t brake_missing; /* tenants the brake holds; 0: not held */
    uint64_t connections;
    const struct skp_source_row *sources;
    size_t n_sources;
    const struct skp_view *warnings; /* sentences for the operator */
    size_t n_warnings;

    /* What older agents do not send: zero is "not known" or "none". */
    struct skp_view sandbox; /* in words; empty: not known */
    struct skp_unrefreshed_row unrefreshed;
    bool is_restored; /* keys of before a restart, not confirmed since */
    uint64_t restored_tenants;
    int64_t restored_at_s;
    const struct skp_certificate_row *certificates;
    size_t n_certificates;
    bool has_audit;
    struct skp_audit_row audit;
    uint64_t connections_refused; /* since the start */
    uint64_t requests_refused;    /* since the start, by the quota of a user */
    uint64_t gone[SKP_GONE_COUNT];
    bool has_totals;
    struct skp_totals totals;
};

/* One response.  @method says which results are set when err is OK; an encoder
 * and a decoder must agree on it (a decoder is told what was asked). */
struct skp_response {
    bool has_msgid; /* false: msgid is nil, and the agent closes */
    uint32_t msgid;
    enum skp_err err;
    struct skp_view text; /* of the error; empty: the fixed text */
    enum skp_method method;

    /* encrypt: ciphertext.  decrypt: plaintext.  unwrap: data key.
     * rewrap: header.  pubkey: public key. */
    struct skp_view data;
    const uint8_t *key_id; /* SKP_KEY_ID_LEN bytes; NULL where there is none */
    uint64_t generation;   /* pubkey */
    enum skp_suite suite;  /* unwrap */
    bool authenticated;    /* decrypt */
    /* Borrowed, so that what most answers lack is not cleared for each. */
    const struct skp_hello *hello;     /* hello */
    const struct skp_status *status;   /* status */
    const struct skp_tenant_row *rows; /* tenants */
    size_t n_rows;
    struct skp_view next; /* tenants: cursor; len 0: nil, the last page */
};

/* Append the encoded response to @out; with err set, only the error.
 *   SKP_ERR_RESOURCE_EXHAUSTED  does not fit; @out is as it was. */
SKP_MUST_CHECK enum skp_err
skp_response_encode(const struct skp_response *response, struct skp_buf *out);

/* Append the notification [2, "changed", [rows]]. */
SKP_MUST_CHECK enum skp_err skp_changed_encode(
    const struct skp_tenant_row *rows, size_t n_rows, struct skp_buf *out);

/* What one message from the agent is. */
enum skp_message {
    SKP_MESSAGE_RESPONSE,
    SKP_MESSAGE_CHANGED,
};

/* Decode one whole message from the agent.  A response to @asked fills the
 * response; "changed" fills rows and n_rows.  Unknown members of a result are
 * skipped (a newer agent may send more), missing ones are an error.
 *   SKP_ERR_INTERNAL            not a message of PROTOCOL.md.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for the scratch. */
SKP_MUST_CHECK enum skp_err skp_response_decode(struct skp_scratch *scratch,
                                                struct skp_view message,
                                                enum skp_method asked,
                                                enum skp_message *ret_kind,
                                                struct skp_response *ret,
                                                struct skp_diag *diag);

#endif /* SKP_RPC_H */
