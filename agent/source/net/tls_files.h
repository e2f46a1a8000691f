/* tls_files.h - the key, certificate and authorities of a tls configuration,
 * read again at each refresh; the last good ones stay in use while what is
 * there now is unfit.
 *
 * Files are often replaced one after the other: in between, a key does not
 * belong to its certificate.  What is unfit never replaces what is in use: a
 * file that cannot be read, that is no PEM, a key of another certificate, a
 * certificate that has expired or is not yet valid.
 *
 * Inline PEM texts are looked at in the same way; they never change.
 *
 * Thread:   one at a time.
 * Secrets:  the key is kept in an arena, as private keys are, and wiped when
 *           replaced.
 */
#ifndef SKD_TLS_FILES_H
#define SKD_TLS_FILES_H

#include "agent/config/config.h"
#include "agent/source/cert.h"

struct skd_tls_files; /* opaque */

/* @config is borrowed for the object's life.  Reads nothing yet.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_tls_files_new(const struct skd_tls_config *config,
                  struct skd_tls_files **ret);

/* Wipe and free; accepts NULL and leaves NULL behind. */
void skd_tls_files_free(struct skd_tls_files **files);

/* Read what is there now, at @wall_s (Unix seconds), and use it if it is good.
 * When nothing good was ever there, a certificate is used whatever its dates:
 * there is nothing better.
 * True when something else is in use than before. */
bool skd_tls_files_read(struct skd_tls_files *files, int64_t wall_s);

/* What to connect with: the configuration with what is in use as texts, or as
 * it was given, when nothing good was ever there.  Borrowed until the next
 * read. */
const struct skd_tls_config *
skd_tls_files_config(const struct skd_tls_files *files);

/* True when something good was there. */
bool skd_tls_files_is_ready(const struct skd_tls_files *files);

/* What was wrong at the last read; "": nothing. */
const char *skd_tls_files_trouble(const struct skd_tls_files *files);

/* Our certificate in use; none: zeroed. */
struct skd_cert skd_tls_files_cert(const struct skd_tls_files *files);

#endif /* SKD_TLS_FILES_H */
