/* cli_fingerprint.h - which key each tenant has, as a list that two agents can
 * be compared by.  Nothing in it is secret: a key id is a hash of a public key.
 *
 * Two agents of one fleet have the same key ids; generations count within one
 * run of an agent, and states and sources may differ: they are not compared.
 * The digest is SHA-256 of
 *
 *     sidekey fingerprint 1 LF
 *     ID SP KEY-ID LF              for each tenant, in the bytewise order of
 * ids
 *
 * with KEY-ID as 16 lower-case hex digits, or "-" where there is no key that
 * could be used.
 *
 * Thread:   one.
 */
#ifndef SKC_CLI_FINGERPRINT_H
#define SKC_CLI_FINGERPRINT_H

#include <stdio.h>

#include "libclient/sidekey.h"
#include "protocol/diag.h"

#define SKC_FINGERPRINT_DIGEST_MAX 65u /* hex and a NUL */

struct skc_fingerprint_row {
    size_t id; /* where it begins in texts */
    bool has_key;
    uint8_t key_id[SIDEKEY_KEY_ID_LEN];
    uint64_t generation; /* 0 where there is no key */
};

/* Open; zeroed is an empty one. */
struct skc_fingerprint {
    struct skc_fingerprint_row *rows; /* in the order of their ids */
    size_t n_rows;
    size_t rows_max;
    char *texts; /* ids, each with a NUL */
    size_t texts_len;
    size_t texts_max;
};

/* Ask the agent behind @handle.  Its list comes in pages, between which keys
 * may change; then it is asked again, some times.
 * @deadline_ms  for all of it.
 * @ret          zeroed before.
 *   SKP_ERR_UNAVAILABLE  keys changed each time.
 *   otherwise by the calls of sidekey.h; words are in @diag. */
SKP_MUST_CHECK enum skp_err skc_fingerprint_ask(struct sidekey *handle,
                                                uint32_t deadline_ms,
                                                struct skc_fingerprint *ret,
                                                struct skp_diag *diag);

/* Read what skc_fingerprint_print wrote.
 * @ret   zeroed before.
 *   SKP_ERR_INVALID_ARGUMENT    no such list, cut, or its digest is another.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skc_fingerprint_read(FILE *file,
                                                 const char *name,
                                                 struct skc_fingerprint *ret,
                                                 struct skp_diag *diag);

/* Append a tenant, whose id is greater than all before.
 *   SKP_ERR_INTERNAL            it is not.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skc_fingerprint_add(struct skc_fingerprint *fingerprint,
                    const char *id,
                    const struct skc_fingerprint_row *row);

/* The id of a row. */
const char *skc_fingerprint_id(const struct skc_fingerprint *fingerprint,
                               size_t index);

/* The key id of a row in hex, or "-". */
#define SKC_FINGERPRINT_KEY_MAX (2 * SIDEKEY_KEY_ID_LEN + 1)
void skc_fingerprint_key(const struct skc_fingerprint_row *row,
                         char ret[SKC_FINGERPRINT_KEY_MAX]);

/* Write the digest in hex. */
void skc_fingerprint_digest(const struct skc_fingerprint *fingerprint,
                            char ret[SKC_FINGERPRINT_DIGEST_MAX]);

/* Print a line for each tenant and the digest, for people and for
 * skc_fingerprint_read. */
void skc_fingerprint_print(FILE *out,
                           const struct skc_fingerprint *fingerprint);

/* Release the memory; zeroes it. */
void skc_fingerprint_done(struct skc_fingerprint *fingerprint);

/* ---- comparing ---------------------------------------------------------- */

/* One step of a walk over two lists. */
struct skc_fingerprint_pair {
    const char *id;
    const struct skc_fingerprint_row *here;  /* NULL: only there */
    const struct skc_fingerprint_row *there; /* NULL: only here */
};

/* Call @visit for each tenant that the two disagree on, in the order of ids;
 * returns how many. */
size_t skc_fingerprint_compare(
    const struct skc_fingerprint *here,
    const struct skc_fingerprint *there,
    void (*visit)(void *state, const struct skc_fingerprint_pair *pair),
    void *state);

#endif /* SKC_CLI_FINGERPRINT_H */
