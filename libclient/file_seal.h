/* file_seal.h - make an envelope of any length, piece by piece, with nothing
 * but a tenant's public key: init, update, final.
 *
 * The pieces that are pushed in may have any length; what comes out goes to a
 * sink.  Memory stays at two chunks.
 *
 * Thread:   one at a time.
 * Secrets:  data key and plaintext live in locked memory, wiped on free.
 */
#ifndef SKC_FILE_SEAL_H
#define SKC_FILE_SEAL_H

#include "protocol/envelope.h"

/* Where output goes, in order. */
struct skc_sink {
    void *state;

    /* Take all of @bytes, which are borrowed for the call. */
    enum skp_err (*write)(void *state,
                          struct skp_view bytes,
                          struct skp_diag *diag);

    /* Where the next @len bytes may be made, so that the write of them that
     * follows has nothing to copy; NULL when there is no such place.  The whole
     * member may be NULL, too. */
    uint8_t *(*room)(void *state, size_t len);
};

/* Where to make @len bytes for @sink: its own place, or else @spare. */
static inline uint8_t *
skc_sink_room(const struct skc_sink *sink, size_t len, uint8_t *spare)
{
    uint8_t *room = sink->room == NULL ? NULL : sink->room(sink->state, len);

    return room == NULL ? spare : room;
}

/* What to seal, and for whom; read during skc_file_seal_new only. */
struct skc_seal_options {
    struct skp_recipient recipient;
    enum skp_suite suite;
    bool raw;            /* suite 1 only */
    struct skp_view aad; /* suite 2 only */
};

struct skc_file_seal;

/* Begin: writes the header, and in suite 2 salt and commitment, to @sink.
 * @sink  its state must outlive the seal.
 *   SKP_ERR_INVALID_ARGUMENT    public key of low order; raw in suite 2; aad
 *                               in suite 1, which would not protect it.
 *   SKP_ERR_UNIMPLEMENTED       no such suite.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   otherwise what the sink returned. */
SKP_MUST_CHECK enum skp_err
skc_file_seal_new(const struct skc_seal_options *options,
                  const struct skp_random *random,
                  struct skc_sink sink,
                  struct skc_file_seal **ret,
                  struct skp_diag *diag);

/* Add @bytes of plaintext.  After an error only free is allowed. */
SKP_MUST_CHECK enum skp_err skc_file_seal_update(struct skc_file_seal *seal,
                                                 struct skp_view bytes,
                                                 struct skp_diag *diag);

/* End: writes the last chunk.  Without it the envelope is cut, and reading it
 * fails with DATA_LOSS. */
SKP_MUST_CHECK enum skp_err skc_file_seal_final(struct skc_file_seal *seal,
                                                struct skp_diag *diag);

/* Bytes that the sink will be given by an update with @len bytes, which are at
 * most PTRDIFF_MAX, and by final. */
uint64_t skc_file_seal_update_len(const struct skc_file_seal *seal, size_t len);
uint64_t skc_file_seal_final_len(const struct skc_file_seal *seal);

/* Wipe and release; accepts a NULL pointer and leaves NULL behind. */
void skc_file_seal_free(struct skc_file_seal **seal);

#endif /* SKC_FILE_SEAL_H */
