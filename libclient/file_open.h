/* file_open.h - read an envelope of any length, piece by piece: init, update,
 * final.
 *
 * The tenant's private key stays with the agent: once the header is complete it
 * is handed to an unwrapper, which gives back the data key of this payload.
 *
 * Every chunk that reaches the sink is authentic in suite 2, but only final
 * says that none is missing: whoever uses the output before that may use a cut
 * one.  Suite 1 has no authentication at all.
 *
 * Thread:   one at a time.
 * Secrets:  data key and plaintext live in locked memory, wiped on free.
 */
#ifndef SKC_FILE_OPEN_H
#define SKC_FILE_OPEN_H

#include "libclient/file_seal.h"

/* Who opens the header: the agent, or a test. */
struct skc_unwrapper {
    void *state;

    /* @header is a whole header and nothing more. */
    enum skp_err (*unwrap)(void *state,
                           struct skp_view header,
                           uint8_t ret_data_key[SKP_KEY_LEN],
                           struct skp_diag *diag);
};

struct skc_open_options {
    enum skp_suite demand; /* SKP_SUITE_ANY: whatever the header says */
    bool raw;
    struct skp_view aad; /* borrowed until the free */
    struct skc_unwrapper unwrapper;
};

struct skc_file_open;

/* Begin; nothing is read or written yet.
 *   SKP_ERR_INVALID_ARGUMENT    aad over its limit.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skc_file_open_new(const struct skc_open_options *options,
                  struct skc_sink sink,
                  struct skc_file_open **ret,
                  struct skp_diag *diag);

/* Add @bytes of the envelope.  After an error only free is allowed.
 *   SKP_ERR_INVALID_ARGUMENT  no envelope, or another suite than demanded.
 *   SKP_ERR_UNIMPLEMENTED     unknown suite.
 *   SKP_ERR_DATA_LOSS         a chunk was changed; @diag names its place.
 *   otherwise what the unwrapper or the sink returned. */
SKP_MUST_CHECK enum skp_err skc_file_open_update(struct skc_file_open *open,
                                                 struct skp_view bytes,
                                                 struct skp_diag *diag);

/* End: the last chunk, and with it the certainty that nothing is missing.
 *   SKP_ERR_INVALID_ARGUMENT  the header is incomplete.
 *   SKP_ERR_DATA_LOSS         changed or cut. */
SKP_MUST_CHECK enum skp_err skc_file_open_final(struct skc_file_open *open,
                                                struct skp_diag *diag);

/* Wipe and release; accepts a NULL pointer and leaves NULL behind. */
void skc_file_open_free(struct skc_file_open **open);

#endif /* SKC_FILE_OPEN_H */
