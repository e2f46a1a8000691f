/* audit_verify.h - follows the chain of an audit log and finds the first line
 * that is wrong, and how.
 *
 * Bytes are fed in pieces of any size, file by file, in the order in which the
 * log was written; memory is the same for any length.
 *
 * Pure: no I/O.
 */
#ifndef SKP_AUDIT_VERIFY_H
#define SKP_AUDIT_VERIFY_H

#include "protocol/audit_line.h"

/* X(name, what is said of the line) */
#define SKP_AUDIT_FAULT_MAP(X)                                            \
    X(NONE, "right")                                                      \
    X(CHANGED, "changed: its hash is not that of its bytes")              \
    X(REMOVED, "removed: lines before it are missing")                    \
    X(REORDERED, "reordered: it stands before lines that came before it") \
    X(REPEATED, "repeated: it or a later line was there already")         \
    X(FORKED, "forked: it follows another line than the one before it")   \
    X(RESTARTED, "restarted: a new chain begins here")                    \
    X(TORN, "torn: the line has no end")

enum skp_audit_fault {
#define SKP_AUDIT_FAULT_ENUM(name, text) SKP_AUDIT_FAULT_##name,
    SKP_AUDIT_FAULT_MAP(SKP_AUDIT_FAULT_ENUM)
#undef SKP_AUDIT_FAULT_ENUM
    SKP_AUDIT_FAULT_COUNT,
};

/* The sentence of @fault. */
const char *skp_audit_fault_text(enum skp_audit_fault fault);

/* What was found so far. */
struct skp_audit_finding {
    enum skp_audit_fault fault; /* of the first wrong line */
    size_t file;                /* counts from 0 */
    uint64_t line;              /* counts from 1 */
    uint64_t seq;               /* 0: not known */
    uint64_t n_missing;         /* REMOVED */
};

/* Open, so that it can live on a stack; the members are for reading. */
struct skp_audit_verify {
    struct skp_view key; /* borrowed */
    uint64_t n_lines;
    uint64_t n_wrong;
    uint64_t
        n_torn; /* lines a crash left unfinished, which the next declares */
    uint64_t first_seq;             /* of the first right line; 0: none */
    struct skp_audit_mark last;     /* of the last right line */
    struct skp_audit_finding first; /* wrong line */

    /* ---- */
    size_t file;
    uint64_t line;
    bool has_last;
    uint64_t loose_len; /* bytes of the line before, when it was no line */
    uint64_t loose_line;
    size_t loose_file;
    uint64_t len; /* of the line on its way */
    uint8_t text[SKP_AUDIT_LINE_MAX];
};

/* Start with nothing fed. */
void skp_audit_verify_init(struct skp_audit_verify *verify,
                           struct skp_view key);

/* The next bytes of the current file. */
void skp_audit_verify_feed(struct skp_audit_verify *verify,
                           struct skp_view bytes);

/* The current file has ended; what is fed next is the next file's. */
void skp_audit_verify_end_file(struct skp_audit_verify *verify);

/* All files have ended.  True when everything was right. */
bool skp_audit_verify_finish(struct skp_audit_verify *verify);

#endif /* SKP_AUDIT_VERIFY_H */
