/* stream.h - what the calls of sidekey_stream.h share: the words of a failure,
 * the caller's output buffer, and the meaning of struct sidekey_options.
 */
#ifndef SKC_STREAM_H
#define SKC_STREAM_H

#include "libclient/file_seal.h"
#include "libclient/sidekey_stream.h"

/* No position. */
#define SKC_NOWHERE UINT64_MAX

/* Keep the words and the position of a call's end for the calling thread, and
 * return the status of @err.  Without words it is given those of the error. */
enum sidekey_status
skc_stream_keep(enum skp_err err, struct skp_diag *diag, uint64_t at);

/* The caller's buffer during one call. */
struct skc_stream_out {
    uint8_t *ptr;
    size_t cap;
    size_t len;
};

/* A sink that appends to @out; SKP_ERR_RESOURCE_EXHAUSTED when it is full. */
struct skc_sink skc_stream_sink(struct skc_stream_out *out);

/* Where a stream stands between calls. */
struct skc_stream_run {
    struct skc_stream_out out;
    enum skp_err failed; /* every later call fails like this one */
    bool has_ended;
};

/* Begin a call that writes at most @needed bytes to @out, which is empty. After
 * an error of this the stream is as before.
 *   SKP_ERR_INVALID_ARGUMENT    final was called already.
 *   SKP_ERR_RESOURCE_EXHAUSTED  @cap is less than @needed.
 *   otherwise what the stream failed with before. */
SKP_MUST_CHECK enum skp_err skc_stream_begin(struct skc_stream_run *run,
                                             uint8_t *out,
                                             size_t cap,
                                             uint64_t needed,
                                             struct skp_diag *diag);

/* End the call that @err is the result of: gives the length of the output, or
 * wipes the output and remembers the failure. */
enum skp_err
skc_stream_end(struct skc_stream_run *run, enum skp_err err, size_t *ret_len);

/* @options, or the defaults for NULL. */
const struct sidekey_options *
skc_stream_options(const struct sidekey_options *options);

/* The suite that @suite means: SIDEKEY_SUITE_ANY is suite 2, and suite 1 in the
 * raw form. */
enum skp_suite skc_stream_suite(enum sidekey_suite suite, bool raw);

/* The suite to demand of an envelope, as sidekey_decrypt does. */
enum skp_suite skc_stream_demand(const struct sidekey_options *options);

/* Refuse a data key of another suite than @options demand, or of none:
 * SKP_ERR_INVALID_ARGUMENT. */
SKP_MUST_CHECK enum skp_err
skc_stream_check_key(const struct sidekey_data_key *key,
                     const struct sidekey_options *options,
                     struct skp_diag *diag);

/* Bytes in front of the chunks: the header, and in suite 2 salt and
 * commitment.
 *   SKP_ERR_UNIMPLEMENTED     no such suite.
 *   SKP_ERR_INVALID_ARGUMENT  raw in suite 2. */
SKP_MUST_CHECK enum skp_err skc_stream_head_len(enum skp_suite suite,
                                                bool raw,
                                                size_t *ret,
                                                struct skp_diag *diag);

/* Bytes of plaintext in an envelope of @envelope_len bytes; of stream_size.c.
 * Errors as sidekey_plaintext_size. */
SKP_MUST_CHECK enum skp_err skc_stream_plaintext_len(enum skp_suite suite,
                                                     bool raw,
                                                     uint64_t envelope_len,
                                                     uint64_t *ret,
                                                     struct skp_diag *diag);

#endif /* SKC_STREAM_H */
