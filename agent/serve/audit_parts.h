/* audit_parts.h - what the files of the audit log share: audit.c (its life, and
 * the side of the producers) and audit_writer.c (the thread that writes).
 */
#ifndef SKD_AUDIT_PARTS_H
#define SKD_AUDIT_PARTS_H

#include <uv.h>

#include "agent/serve/audit.h"
#include "agent/serve/audit_file.h"
#include "protocol/secret.h"

/* Records of one producer that may wait: 200 ms of one that uses 20,000 keys a
 * second, which is longer than a disk takes to sync. */
#define SKD_AUDIT_RING_CAP 4096u
/* Lines that were made and not written yet, in bytes. */
#define SKD_AUDIT_PENDING_CAP 262144u

struct skd_audit {
    const struct skd_env *env;
    char *target;
    struct skd_audit_ring *rings;
    size_t n_rings;
    int wake_fd;
    uv_thread_t thread;
    atomic_bool fails_when_full;
    atomic_bool is_failing;
    atomic_bool is_asleep; /* the writer waits for wake_fd */
    atomic_bool is_stopping;
    atomic_bool wants_reopen;

    /* ---- the writer's */
    struct skd_audit_file file;
    struct skp_secret key;
    uint64_t seq; /* of the last line that was made */
    uint8_t hash[SKP_AUDIT_HASH_LEN];
    uint8_t *pending;
    size_t pending_len;
    uint64_t n_lost_told;
    bool is_unsynced;
    uint64_t synced_ms;
    uint64_t checkpoint_ms;
    uint64_t checkpoint_seq;

    /* ---- what is shown */
    uv_mutex_t lock;
    struct skd_audit_report report;
};

/* The thread, given the audit: write until it is told to stop, and then what is
 * left. */
void skd_audit_writer_run(void *state);

/* Before the thread starts: go on behind what the file ends with, and make the
 * line "start", which is in a regular file before anybody is served.
 *   SKP_ERR_FAILED_PRECONDITION  the file cannot be read. */
SKP_MUST_CHECK enum skp_err skd_audit_writer_begin(struct skd_audit *audit,
                                                   struct skp_diag *diag);

/* Wake the writer, whatever it waits for.  Any thread. */
void skd_audit_wake(struct skd_audit *audit);

#endif /* SKD_AUDIT_PARTS_H */
