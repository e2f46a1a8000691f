/* audit_verify.c - follows the chain of an audit log; see audit_verify.h. */
#include "protocol/audit_verify.h"

#include <string.h>

static const uint8_t no_hash[SKP_AUDIT_HASH_LEN];

const char *skp_audit_fault_text(enum skp_audit_fault fault)
{
    static const char *const texts[] = {
#define FAULT_TEXT(name, text) [SKP_AUDIT_FAULT_##name] = (text),
        SKP_AUDIT_FAULT_MAP(FAULT_TEXT)
#undef FAULT_TEXT
    };

    skp_assert(fault < SKP_AUDIT_FAULT_COUNT);
    return texts[fault];
}

void skp_audit_verify_init(struct skp_audit_verify *verify, struct skp_view key)
{
    memset(verify, 0, sizeof *verify);
    verify->key = key;
}

static void note_fault(struct skp_audit_verify *verify,
                       struct skp_audit_finding finding)
{
    verify->n_wrong++;
    if (verify->first.fault == SKP_AUDIT_FAULT_NONE) {
        verify->first = finding;
    }
}

/* The line before was none, and this one does not declare it. */
static void settle_loose(struct skp_audit_verify *verify,
                         enum skp_audit_fault fault)
{
    if (verify->loose_len > 0) {
        note_fault(verify,
                   (struct skp_audit_finding){ fault, verify->loose_file,
                                               verify->loose_line, 0, 0 });
        verify->loose_len = 0;
        verify->has_last = false; /* nobody knows what it was */
    }
}

/* A genuine line that does not follow the one before. */
static enum skp_audit_fault
fault_of_order(const struct skp_audit_verify *verify,
               const struct skp_audit_mark *mark)
{
    if (skp_equal_ct(mark->prev, no_hash, sizeof no_hash)) {
        return mark->seq == verify->last.seq ? SKP_AUDIT_FAULT_REPEATED
                                             : SKP_AUDIT_FAULT_RESTARTED;
    }
    if (mark->seq > verify->last.seq + 1) {
        return SKP_AUDIT_FAULT_REMOVED;
    }
    return mark->seq <= verify->last.seq ? SKP_AUDIT_FAULT_REPEATED
                                         : SKP_AUDIT_FAULT_FORKED;
}

/* Lines said to be missing that turn up behind were not removed. */
static void amend_first(struct skp_audit_verify *verify, uint64_t seq)
{
    struct skp_audit_finding *first = &verify->first;

    if (first->fault == SKP_AUDIT_FAULT_REMOVED && seq < first->seq &&
        seq >= first->seq - first->n_missing) {
        first->fault = SKP_AUDIT_FAULT_REORDERED;
        first->n_missing = 0;
    }
}

static void take_genuine(struct skp_audit_verify *verify,
                         const struct skp_audit_mark *mark)
{
    struct skp_audit_finding finding = { SKP_AUDIT_FAULT_NONE, verify->file,
                                         verify->line, mark->seq, 0 };

    if (verify->has_last &&
        (mark->seq != verify->last.seq + 1 ||
         !skp_equal_ct(mark->prev, verify->last.hash, sizeof mark->prev))) {
        finding.fault = fault_of_order(verify, mark);
    }
    if (finding.fault == SKP_AUDIT_FAULT_REMOVED) {
        finding.n_missing = mark->seq - verify->last.seq - 1;
    }
    if (finding.fault != SKP_AUDIT_FAULT_NONE) {
        amend_first(verify, mark->seq);
        note_fault(verify, finding);
    }
    if (verify->first_seq == 0) {
        verify->first_seq = mark->seq;
    }
    verify->last = *mark;
    verify->has_last = true;
}

/* Its bytes are not the writer's.  The chain goes on from what it says of
 * itself: so one changed line is one wrong line. */
static void take_changed(struct skp_audit_verify *verify,
                         const struct skp_audit_mark *mark)
{
    struct skp_audit_mark stated = *mark;

    if (verify->has_last) {
        stated.seq = verify->last.seq + 1;
    }
    note_fault(verify, (struct skp_audit_finding){ SKP_AUDIT_FAULT_CHANGED,
                                                   verify->file, verify->line,
                                                   stated.seq, 0 });
    verify->last = stated;
    verify->has_last = true;
}

/* No line at all: a crash tore it, which the next line then declares, or
 * somebody changed it. */
static void take_loose(struct skp_audit_verify *verify)
{
    settle_loose(verify, SKP_AUDIT_FAULT_CHANGED);
    verify->loose_len = verify->len;
    verify->loose_line = verify->line;
    verify->loose_file = verify->file;
}

/* What the line says of the torn one before it, against what stands there. */
static void take_torn(struct skp_audit_verify *verify,
                      const struct skp_audit_mark *mark)
{
    if (mark->torn > 0 && mark->torn == verify->loose_len) {
        verify->loose_len = 0;
        verify->n_torn++;
    } else if (mark->torn > 0 && verify->loose_len == 0 && verify->has_last) {
        note_fault(verify, (struct skp_audit_finding){
                               SKP_AUDIT_FAULT_REMOVED, verify->file,
                               verify->line, mark->seq, 1 });
    }
    settle_loose(verify, SKP_AUDIT_FAULT_CHANGED);
}

static void end_line(struct skp_audit_verify *verify)
{
    struct skp_view text = { verify->text, (size_t)verify->len };
    struct skp_audit_mark mark;

    verify->line++;
    verify->n_lines++;
    if (verify->len > sizeof verify->text ||
        skp_audit_line_parse(text, &mark) != SKP_ERR_OK) {
        take_loose(verify);
    } else if (!skp_audit_line_is_genuine(verify->key, text, &mark)) {
        settle_loose(verify, SKP_AUDIT_FAULT_CHANGED);
        take_changed(verify, &mark);
    } else {
        take_torn(verify, &mark);
        take_genuine(verify, &mark);
    }
    verify->len = 0;
}

void skp_audit_verify_feed(struct skp_audit_verify *verify,
                           struct skp_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '\n') {
            end_line(verify);
            continue;
        }
        if (verify->len < sizeof verify->text) {
            verify->text[verify->len] = bytes.ptr[i];
        }
        verify->len++;
    }
}

void skp_audit_verify_end_file(struct skp_audit_verify *verify)
{
    if (verify->len > 0) {
        verify->line++;
        verify->n_lines++;
        settle_loose(verify, SKP_AUDIT_FAULT_CHANGED);
        note_fault(verify, (struct skp_audit_finding){ SKP_AUDIT_FAULT_TORN,
                                                       verify->file,
                                                       verify->line, 0, 0 });
        verify->len = 0;
    }
    verify->file++;
    verify->line = 0;
}

bool skp_audit_verify_finish(struct skp_audit_verify *verify)
{
    settle_loose(verify, SKP_AUDIT_FAULT_CHANGED);
    return verify->n_wrong == 0;
}
