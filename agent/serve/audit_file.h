/* audit_file.h - where the lines of the audit log go: a file that grows, or
 * standard error.
 *
 * A regular file never keeps a part of a line, unless the process dies in the
 * middle of a write: what a full disk took of one is cut off again.
 *
 * Thread:   one at a time.
 */
#ifndef SKD_AUDIT_FILE_H
#define SKD_AUDIT_FILE_H

#include "protocol/audit_line.h"

/* Open, so that it can be embedded. */
struct skd_audit_file {
    int fd; /* -1: closed */
    bool is_regular;
};

/* What a file ends with. */
struct skd_audit_tail {
    uint64_t torn;   /* bytes behind the last newline */
    size_t line_len; /* of the last whole line; 0: there is none */
    uint8_t line[SKP_AUDIT_LINE_MAX];
};

/* Open the file at @path, making it with mode 0600, or standard error for
 * "stderr".  A file is locked, so that no other agent writes to it.
 *   SKP_ERR_ALREADY_EXISTS       another process writes to it.
 *   SKP_ERR_FAILED_PRECONDITION  it cannot be opened, or is no regular file. */
SKP_MUST_CHECK enum skp_err skd_audit_file_open(const char *path,
                                                struct skd_audit_file *ret,
                                                struct skp_diag *diag);

/* Read what the file ends with; a tail of zeros for standard error.  A last
 * line longer than any of ours counts as no line.
 *   SKP_ERR_FAILED_PRECONDITION  it cannot be read. */
SKP_MUST_CHECK enum skp_err
skd_audit_file_tail(const struct skd_audit_file *file,
                    struct skd_audit_tail *ret,
                    struct skp_diag *diag);

/* Append @bytes, which are whole lines.  *ret_len is how many bytes are there
 * for good: on failure as many whole lines as fit (to standard error: bytes).
 *   SKP_ERR_RESOURCE_EXHAUSTED  no room, or no reader.
 *   SKP_ERR_UNAVAILABLE         another failure; @diag says which. */
SKP_MUST_CHECK enum skp_err skd_audit_file_write(struct skd_audit_file *file,
                                                 struct skp_view bytes,
                                                 size_t *ret_len,
                                                 struct skp_diag *diag);

/* Wait until all that was written is on the disk.
 *   SKP_ERR_UNAVAILABLE  it may be lost. */
SKP_MUST_CHECK enum skp_err skd_audit_file_sync(struct skd_audit_file *file,
                                                struct skp_diag *diag);

/* Close it; standard error stays open. */
void skd_audit_file_close(struct skd_audit_file *file);

#endif /* SKD_AUDIT_FILE_H */
