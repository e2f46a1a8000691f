/* audit_line.h - one line of the audit log: its text, and the keyed hash that
 * chains it to the line before.
 *
 *     {"seq":7,"time":"...","event":"use",...,"prev":"HEX","hash":"HEX"}
 *
 * `prev` is the hash of the line before, and `hash` is HMAC-SHA-256 under the
 * log's key over the bytes of the line up to `,"hash":`.  AUDIT.md describes
 * the members.  The writer is the agent, the reader `sidekey audit verify`.
 *
 * Pure: no clock, no I/O, no allocation but for the key.
 * Secrets:  the key is in locked memory; no line holds one.
 */
#ifndef SKP_AUDIT_LINE_H
#define SKP_AUDIT_LINE_H

#include "protocol/diag.h"
#include "protocol/secret.h"

/* One line with its newline, in bytes; texts are cut so that it is enough. */
#define SKP_AUDIT_LINE_MAX 4096u
/* exe and cgroup: of a longer one the end is shown, after "...". */
#define SKP_AUDIT_TEXT_MAX 255u
#define SKP_AUDIT_HASH_LEN 32u
/* A shorter key is refused; 64 KiB is the most. */
#define SKP_AUDIT_KEY_MIN 32u
#define SKP_AUDIT_KEY_MAX 65536u

/* X(name, text, what it tells) */
#define SKP_AUDIT_EVENT_MAP(X)  \
    X(START, "start")           \
    X(OPEN, "open")             \
    X(CHECKPOINT, "checkpoint") \
    X(STOP, "stop")             \
    X(USE, "use")               \
    X(DENIED, "denied")         \
    X(REFRESH, "refresh")       \
    X(FORGET, "forget")         \
    X(CONFIG, "config")         \
    X(DROPPED, "dropped")

enum skp_audit_event {
#define SKP_AUDIT_EVENT_ENUM(name, text) SKP_AUDIT_##name,
    SKP_AUDIT_EVENT_MAP(SKP_AUDIT_EVENT_ENUM)
#undef SKP_AUDIT_EVENT_ENUM
    SKP_AUDIT_EVENT_COUNT,
};

/* What a line says.  A member that is empty, NULL or 0 is left out, unless
 * said otherwise; all texts are borrowed. */
struct skp_audit_line {
    uint64_t seq;    /* always there; counts from 1 */
    uint64_t torn;   /* bytes of a line before it that was never finished */
    int64_t time_ms; /* Unix time; always there */
    enum skp_audit_event event; /* always there */
    struct skp_view method;
    bool has_peer;
    uint32_t uid;
    uint32_t gid;
    int32_t pid;            /* 0: of another PID namespace */
    struct skp_view exe;    /* empty: null */
    struct skp_view cgroup; /* empty: null */
    struct skp_view tenant;
    const uint8_t *key_id; /* SKP_KEY_ID_LEN bytes */
    bool has_outcome;
    enum skp_err outcome;
    bool has_duration;
    uint64_t duration_us;
    uint64_t count; /* how many times; left out when it is once */
};

/* Where a line stands in its chain. */
struct skp_audit_mark {
    uint64_t seq;
    uint64_t torn;
    uint8_t prev[SKP_AUDIT_HASH_LEN];
    uint8_t hash[SKP_AUDIT_HASH_LEN];
};

/* Take the key from the contents of its file: all bytes, but for white space at
 * the end.  Appended to @ret, which was empty.
 *   SKP_ERR_INVALID_ARGUMENT    shorter than SKP_AUDIT_KEY_MIN.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory. */
SKP_MUST_CHECK enum skp_err skp_audit_key_take(struct skp_view text,
                                               struct skp_secret *ret,
                                               struct skp_diag *diag);

/* Append the line, with its newline, behind the one whose hash is @prev (all
 * zero: the first of a chain).  @ret_hash may be @prev.
 *   SKP_ERR_RESOURCE_EXHAUSTED  does not fit @out, which is as it was. */
SKP_MUST_CHECK enum skp_err
skp_audit_line_encode(struct skp_view key,
                      const struct skp_audit_line *line,
                      const uint8_t prev[SKP_AUDIT_HASH_LEN],
                      struct skp_buf *out,
                      uint8_t ret_hash[SKP_AUDIT_HASH_LEN]);

/* Read where the line @text (without its newline) stands; says nothing about
 * who wrote it.
 *   SKP_ERR_INVALID_ARGUMENT  that is no line of an audit log. */
SKP_MUST_CHECK enum skp_err skp_audit_line_parse(struct skp_view text,
                                                 struct skp_audit_mark *ret);

/* True when the hash of the line @text (without its newline), which parsed to
 * @mark, was made with @key over these very bytes. */
bool skp_audit_line_is_genuine(struct skp_view key,
                               struct skp_view text,
                               const struct skp_audit_mark *mark);

#endif /* SKP_AUDIT_LINE_H */
