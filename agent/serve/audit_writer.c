/* audit_writer.c - the thread that writes the audit log; see audit_parts.h. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/serve/audit_parts.h"
#include "agent/sys/log.h"

/* After a failure it is tried again so often. */
#define RETRY_MS 100
/* What was written is on the disk this much later at the latest. */
#define SYNC_MS 1000u
/* Lines that come close together are written together. */
#define GATHER_MS 2u
/* How often the log says in itself, and in the agent's log, how far it is. */
#define CHECKPOINT_MS 600000u

/* ---- lines -------------------------------------------------------------- */

static bool has_place(const struct skd_audit *audit)
{
    return SKD_AUDIT_PENDING_CAP - audit->pending_len >= SKP_AUDIT_LINE_MAX;
}

/* Make the next line of the chain; there is place for one. */
static void make_line(struct skd_audit *audit, struct skp_audit_line *line)
{
    struct skp_buf buf = { audit->pending, audit->pending_len,
                           SKD_AUDIT_PENDING_CAP };
    enum skp_err err;

    line->seq = audit->seq + 1;
    if (line->time_ms == 0) {
        line->time_ms = skd_env_wall_ms(audit->env);
    }
    err = skp_audit_line_encode(skp_secret_view(&audit->key), line, audit->hash,
                                &buf, audit->hash);
    skp_assert(err == SKP_ERR_OK);
    audit->seq = line->seq;
    audit->pending_len = buf.len;
}

static void
make_own(struct skd_audit *audit, enum skp_audit_event event, uint64_t count)
{
    struct skp_audit_line line = { .event = event, .count = count };

    make_line(audit, &line);
}

static void make_of_record(struct skd_audit *audit,
                           const struct skd_audit_record *record)
{
    struct skp_audit_line line = {
        .time_ms = record->time_ms,
        .event = (enum skp_audit_event)record->event,
        .has_peer = record->has_peer,
        .uid = record->uid,
        .gid = record->gid,
        .pid = record->pid,
        .tenant = { (const uint8_t *)record->tenant, record->tenant_len },
        .key_id = record->has_key_id ? record->key_id : NULL,
        .has_outcome = record->has_outcome,
        .outcome = (enum skp_err)record->err,
        .has_duration = record->has_duration,
        .duration_us = record->duration_us,
        .count = record->count,
    };

    if (record->method != SKP_METHOD_COUNT) {
        line.method =
            skp_view_of(skp_method_name((enum skp_method)record->method));
    }
    if (record->process != NULL) {
        line.exe = record->process->exe;
        line.cgroup = record->process->cgroup;
    }
    make_line(audit, &line);
}

static uint64_t count_lost(const struct skd_audit *audit)
{
    uint64_t n_lost = 0;

    for (size_t i = 0; i < audit->n_rings; i++) {
        n_lost += atomic_load(&audit->rings[i].n_lost);
    }
    return n_lost;
}

/* Make lines of the oldest records, ring by ring; true when there may be
 * more. */
static bool make_lines(struct skd_audit *audit)
{
    const struct skd_audit_record *record;

    for (size_t i = 0; i < audit->n_rings; i++) {
        while ((record = skd_audit_ring_first(&audit->rings[i])) != NULL) {
            if (!has_place(audit)) {
                return true;
            }
            make_of_record(audit, record);
            skd_audit_ring_drop(&audit->rings[i]);
        }
    }
    return false;
}

/* Once lines can be written again: say how many were not. */
static void make_lost(struct skd_audit *audit)
{
    uint64_t n_lost = count_lost(audit);

    if (n_lost > audit->n_lost_told && has_place(audit)) {
        /* A count of one is left out of a line like any other. */
        make_own(audit, SKP_AUDIT_DROPPED, n_lost - audit->n_lost_told);
        skd_log(SKD_LOG_ERROR, "audit: %llu lines were dropped",
                (unsigned long long)(n_lost - audit->n_lost_told));
        audit->n_lost_told = n_lost;
    }
}

/* ---- writing ------------------------------------------------------------ */

static uint64_t count_lines(struct skp_view bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        n += bytes.ptr[i] == '\n';
    }
    return n;
}

static void say_failing(struct skd_audit *audit, const struct skp_diag *diag)
{
    if (!atomic_exchange(&audit->is_failing, true)) {
        skd_log(SKD_LOG_ERROR, "audit: %s cannot be written: %s; %s",
                audit->target, diag->text,
                atomic_load(&audit->fails_when_full)
                    ? "uses of private keys are refused"
                    : "what does not fit the memory set aside is dropped");
    }
}

static void say_working(struct skd_audit *audit)
{
    if (atomic_exchange(&audit->is_failing, false)) {
        skd_log(SKD_LOG_WARN, "audit: %s is written again", audit->target);
    }
}

/* Note for status what is in the file now. */
static void note_written(struct skd_audit *audit, uint64_t n_lines)
{
    uv_mutex_lock(&audit->lock);
    audit->report.n_written += n_lines;
    if (audit->pending_len == 0) {
        audit->report.last_seq = audit->seq;
        memcpy(audit->report.last_hash, audit->hash, sizeof audit->hash);
    }
    uv_mutex_unlock(&audit->lock);
}

/* Write the lines that were made; false when not all could be. */
static bool flush(struct skd_audit *audit)
{
    struct skp_view bytes = { audit->pending, audit->pending_len };
    struct skp_diag diag = { "" };
    size_t done = 0;
    enum skp_err err;

    if (bytes.len == 0) {
        return true;
    }
    err = skd_audit_file_write(&audit->file, bytes, &done, &diag);
    audit->is_unsynced = audit->is_unsynced || done > 0;
    audit->pending_len -= done;
    note_written(audit, count_lines((struct skp_view){ bytes.ptr, done }));
    memmove(audit->pending, audit->pending + done, audit->pending_len);
    if (err != SKP_ERR_OK) {
        say_failing(audit, &diag);
        return false;
    }
    return true;
}

static bool sync_file(struct skd_audit *audit)
{
    struct skp_diag diag = { "" };

    if (skd_audit_file_sync(&audit->file, &diag) != SKP_ERR_OK) {
        say_failing(audit, &diag);
        return false;
    }
    audit->is_unsynced = false;
    audit->synced_ms = skd_env_now_ms(audit->env);
    return true;
}

/* The chain's end goes to the agent's log, too: whoever cuts lines off the end
 * of the audit log would have to change that one as well. */
static void log_checkpoint(struct skd_audit *audit)
{
    char hex[2 * SKP_AUDIT_HASH_LEN + 1];

    skp_hex(audit->hash, sizeof audit->hash, hex);
    skd_log(SKD_LOG_INFO, "audit: last line seq=%llu hash=%s",
            (unsigned long long)audit->seq, hex);
    audit->checkpoint_seq = audit->seq;
    audit->checkpoint_ms = skd_env_now_ms(audit->env);
}

/* Write the line @event, and say in the agent's log where the chain is. */
static void write_mark(struct skd_audit *audit, enum skp_audit_event event)
{
    if (has_place(audit)) {
        make_own(audit, event, 1);
        (void)flush(audit);
        log_checkpoint(audit);
    }
}

/* Lines that the old file did not take go to the new one.  A new one that
 * cannot be opened is tried again in every round. */
static void reopen(struct skd_audit *audit)
{
    struct skp_diag diag = { "" };

    if (audit->file.fd >= 0 && !audit->file.is_regular) {
        return;
    }
    (void)flush(audit);
    (void)sync_file(audit);
    skd_audit_file_close(&audit->file);
    if (skd_audit_file_open(audit->target, &audit->file, &diag) == SKP_ERR_OK) {
        write_mark(audit, SKP_AUDIT_OPEN);
    } else {
        say_failing(audit, &diag);
    }
}

/* One round: everything that was put is written, if it can be. */
static bool write_all(struct skd_audit *audit)
{
    uint64_t now_ms = skd_env_now_ms(audit->env);
    bool has_more = true;

    if (atomic_exchange(&audit->wants_reopen, false) || audit->file.fd < 0) {
        reopen(audit);
    }
    if (audit->file.fd < 0) {
        return false;
    }
    while (has_more) {
        has_more = make_lines(audit);
        if (!flush(audit)) {
            return false;
        }
    }
    make_lost(audit);
    if (!flush(audit) ||
        (audit->is_unsynced && now_ms >= audit->synced_ms + SYNC_MS &&
         !sync_file(audit))) {
        return false;
    }
    if (now_ms >= audit->checkpoint_ms + CHECKPOINT_MS &&
        audit->seq != audit->checkpoint_seq) {
        write_mark(audit, SKP_AUDIT_CHECKPOINT);
    }
    say_working(audit);
    return true;
}

/* ---- the thread --------------------------------------------------------- */

static bool is_empty(const struct skd_audit *audit)
{
    for (size_t i = 0; i < audit->n_rings; i++) {
        if (skd_audit_ring_first(&audit->rings[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static void await(struct skd_audit *audit, bool is_failing)
{
    struct pollfd wake = { audit->wake_fd, POLLIN, 0 };
    int timeout_ms = is_failing           ? RETRY_MS
                     : audit->is_unsynced ? (int)SYNC_MS
                                          : (int)CHECKPOINT_MS;
    uint64_t count;

    /* While it fails nobody's record is a reason to try at once. */
    if (!is_failing) {
        atomic_store(&audit->is_asleep, true);
    }
    if ((is_failing || is_empty(audit)) && poll(&wake, 1, timeout_ms) > 0 &&
        read(audit->wake_fd, &count, sizeof count) > 0) {
        uv_sleep(GATHER_MS);
    }
    atomic_store(&audit->is_asleep, false);
}

/* The last lines.  What cannot be written now never will be. */
static void finish(struct skd_audit *audit)
{
    if (has_place(audit)) {
        make_own(audit, SKP_AUDIT_STOP, 1);
    }
    if (!flush(audit) || !is_empty(audit)) {
        skd_log(SKD_LOG_ERROR, "audit: stopped with lines that could not be "
                               "written");
    }
    (void)sync_file(audit);
    log_checkpoint(audit);
}

void skd_audit_writer_run(void *state)
{
    struct skd_audit *audit = state;
    bool is_stopping = false;
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!is_stopping) {
        is_stopping = atomic_load(&audit->is_stopping);
        bool is_written = write_all(audit);

        if (!is_stopping) {
            await(audit, !is_written);
        }
    }
    finish(audit);
}

enum skp_err skd_audit_writer_begin(struct skd_audit *audit,
                                    struct skp_diag *diag)
{
    struct skp_audit_line line = { .event = SKP_AUDIT_START };
    struct skp_audit_mark mark;
    struct skd_audit_tail tail;
    struct skp_view last = { tail.line, 0 };

    SKP_TRY(skd_audit_file_tail(&audit->file, &tail, diag));
    last.len = tail.line_len;
    if (skp_audit_line_parse(last, &mark) == SKP_ERR_OK &&
        skp_audit_line_is_genuine(skp_secret_view(&audit->key), last, &mark)) {
        audit->seq = mark.seq;
        memcpy(audit->hash, mark.hash, sizeof audit->hash);
    } else if (tail.line_len > 0) {
        skd_log(SKD_LOG_ERROR,
                "audit: the last line of %s was changed, or made with another "
                "key; a new chain begins behind it",
                audit->target);
    }
    if (tail.torn > 0) {
        skd_log(SKD_LOG_WARN, "audit: the last line of %s was never finished",
                audit->target);
        audit->pending[audit->pending_len++] = '\n';
        line.torn = tail.torn;
    }
    make_line(audit, &line);
    log_checkpoint(audit);
    if (audit->file.is_regular) { /* anything else may block */
        (void)flush(audit);       /* or the thread writes it, once it can */
    }
    return SKP_ERR_OK;
}
