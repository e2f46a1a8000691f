/* audit.h - the audit log: who used which private key, and what became of it.
 *
 * Workers and the main loop put records into rings of their own; one thread
 * makes chained lines of them and writes these.  Nobody ever waits for the
 * disk: when the log cannot be written, key uses are refused or go on
 * unrecorded, as configured.  AUDIT.md has the format and the reasons.
 *
 * Thread:   as said with each function; "producer" is the one thread that uses
 *           that producer number.
 * Secrets:  the key of the hash is in locked memory; no record holds one.
 */
#ifndef SKD_AUDIT_H
#define SKD_AUDIT_H

#include "agent/serve/audit_ring.h"
#include "agent/sys/env.h"

struct skd_audit; /* opaque */

struct skd_audit_config {
    const struct skd_env *env; /* borrowed */
    const char *target;        /* a path or "stderr"; copied */
    const char *key_file;      /* NULL: see skd_audit_key_load */
    bool fails_when_full;      /* refuse key uses that cannot be recorded */
    size_t n_producers;
};

/* How the log does, for status and metrics. */
struct skd_audit_report {
    const char *target; /* the audit's */
    uint64_t n_written; /* lines since the start */
    uint64_t n_lost;    /* records that found no room since the start */
    uint64_t last_seq;  /* of the last line that was written */
    uint8_t last_hash[SKP_AUDIT_HASH_LEN];
    bool is_failing; /* what was last tried to be written was not */
};

/* Open the log, go on with its chain, and start the writer, which writes
 * "start".
 *   SKP_ERR_FAILED_PRECONDITION  file or key cannot be used.
 *   SKP_ERR_INVALID_ARGUMENT     the key is too short.
 *   SKP_ERR_ALREADY_EXISTS       another agent writes there.
 *   SKP_ERR_RESOURCE_EXHAUSTED   memory, descriptors, threads. */
SKP_MUST_CHECK enum skp_err
skd_audit_start(const struct skd_audit_config *given,
                struct skd_audit **ret,
                struct skp_diag *diag);

/* Write what was put and "stop", end the writer, close and free; accepts NULL.
 * No producer may put any more. */
void skd_audit_stop(struct skd_audit **audit);

/* The producer: true when a private key may be used now, because a record of
 * it will find its place, or need not. */
bool skd_audit_may_use(const struct skd_audit *audit, size_t producer);

/* The producer: put a copy; its process is moved.  What finds no room is
 * counted.  Denials leave half of the room to uses of keys. */
void skd_audit_put(struct skd_audit *audit,
                   size_t producer,
                   const struct skd_audit_record *record);

/* Any thread: open the file anew, as after a rotation. */
void skd_audit_reopen(struct skd_audit *audit);

/* Any thread: what a full disk does from now on. */
void skd_audit_set_fails_when_full(struct skd_audit *audit, bool fails);

/* Any thread but the writer. */
void skd_audit_report(struct skd_audit *audit, struct skd_audit_report *ret);

#endif /* SKD_AUDIT_H */
