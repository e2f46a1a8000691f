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
    struct skp_view aad; /* copied */
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

/* Some bytes of a payload, without what stands in front of them. */
struct skc_open_part {
    enum skp_suite suite;
    const uint8_t *data_key;     /* copied */
    const uint8_t *payload_head; /* suite 2: salt and commitment; copied */
    struct skp_view aad;         /* suite 2; copied */
    uint64_t place;    /* in the envelope, of the first byte to be pushed */
    uint64_t plain_at; /* in the plaintext, of the first byte that is opened;
                          a multiple of SKP_CHUNK_LEN in suite 2 */
    uint64_t len;      /* bytes to be pushed; UINT64_MAX: to the end */
    /* Exactly len bytes must come, and the last of them are the last chunk if
     * `ends`.  Otherwise there may be fewer, and then what is left over is the
     * last chunk. */
    bool is_exact;
    bool ends;
    uint64_t skip; /* of the opened bytes, drop so many first */
    uint64_t take; /* and then give out at most so many */
};

/* Begin at a part; update and final go on with it as with a whole envelope.
 * @ret_failed_at  set with SKP_ERR_DATA_LOSS.
 *   SKP_ERR_DATA_LOSS           the commitment is another one.
 *   SKP_ERR_INVALID_ARGUMENT    aad over its limit.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skc_file_open_part(const struct skc_open_part *part,
                                               struct skc_sink sink,
                                               struct skc_file_open **ret,
                                               uint64_t *ret_failed_at,
                                               struct skp_diag *diag);

/* The most that the sink can be given by an update with @len bytes, which are
 * at most PTRDIFF_MAX, and by final. */
uint64_t skc_file_open_update_len(const struct skc_file_open *open, size_t len);
uint64_t skc_file_open_final_len(const struct skc_file_open *open);

/* After SKP_ERR_DATA_LOSS: where in the envelope that begins which did not
 * authenticate.  UINT64_MAX before. */
uint64_t skc_file_open_failed_at(const struct skc_file_open *open);

/* The suite that the header says; SKP_SUITE_ANY before that is known. */
enum skp_suite skc_file_open_suite(const struct skc_file_open *open);

/* True after a final that opened the last chunk of suite 2: then *ret is the
 * length of the plaintext as its writer made it. */
bool skc_file_open_length(const struct skc_file_open *open, uint64_t *ret);

/* Wipe and release; accepts a NULL pointer and leaves NULL behind. */
void skc_file_open_free(struct skc_file_open **open);

#endif /* SKC_FILE_OPEN_H */
