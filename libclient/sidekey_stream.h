/* sidekey_stream.h - envelopes of any size, and any bytes out of them, without
 * the agent in the data path.
 *
 *   Sealing    needs the tenant's public key only, no agent:
 *              sidekey_seal_new, _update ..., _final, _free.
 *   Opening    asks the agent once, for the data key of this one envelope:
 *              sidekey_open_stream_new, _update ..., _final, _free.
 *   A range    sidekey_range_plan says which bytes of the envelope to fetch;
 *              sidekey_range_new reads them as a stream, sidekey_range_open at
 *              once.
 *   Sizes      sidekey_envelope_size and sidekey_plaintext_size.
 *
 * Conventions, besides those of sidekey.h
 *   - A stream takes a piece of input and writes to a buffer of the caller, who
 *     then sends it on, waits, or drops it: no callback runs in the middle of a
 *     piece, which is what a server that waits for its peers needs.
 *   - Pieces have any length, also 0.  For a piece of n bytes a buffer of
 *     SIDEKEY_STREAM_ROOM(n) always suffices; final needs
 *     SIDEKEY_STREAM_ROOM(0).  A smaller one is enough when the output of this
 *     call fits it; when it does not, the call fails with
 *     SIDEKEY_RESOURCE_EXHAUSTED before anything was taken, and may be repeated
 *     with more room.  Input and output must not overlap.
 *   - Memory of a stream is constant, about 50 KiB, locked where that is
 *     allowed.  No function here makes a buffer of an object's size.
 *   - When a call on a stream fails otherwise, its output buffer holds nothing
 *     of that call (it is wiped), and all later calls but free fail with the
 *     same status.  What earlier calls gave out was authentic (suite 2).
 *     While a call runs, its output buffer may hold bytes that have not been
 *     found authentic yet: nobody else should read it then.
 *   - A stream belongs to one thread at a time, and not to a child after
 *     fork().  Streams on one handle may run in several threads.
 *   - sidekey_stream_error_text() has the words of a failure, in the calling
 *     thread's last call.
 */
#ifndef SIDEKEY_STREAM_H
#define SIDEKEY_STREAM_H

#include "sidekey.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define SIDEKEY_CHUNK_LEN 16384u /* plaintext of one chunk */

/* Header, salt and commitment of suite 2: what stands before the chunks. */
#define SIDEKEY_HEAD_MAX 152u

/* Room for the output of an update with @n bytes, and of final with 0. */
#define SIDEKEY_STREAM_ROOM(n)                                              \
    ((n) + ((n) / SIDEKEY_CHUNK_LEN + 1) * (size_t)16 + SIDEKEY_CHUNK_LEN + \
     SIDEKEY_HEAD_MAX)

/* The words of the calling thread's last call of this header when it failed, ""
 * when it did not.  Valid until the thread's next call.  Never holds key or
 * plaintext bytes. */
const char *sidekey_stream_error_text(void);

/* After SIDEKEY_DATA_LOSS in the calling thread's last call of this header:
 * where in the envelope that piece begins which is not authentic, 0 for the
 * header, 96 for salt and commitment, else that of a chunk.  UINT64_MAX when
 * there is no such place. */
uint64_t sidekey_stream_error_at(void);

/* ---- sizes -----------------------------------------------------------------
 */

/* Bytes of an envelope with @plaintext_len bytes in it.
 * @suite  SIDEKEY_SUITE_ANY: suite 2, or suite 1 with @raw.
 * Errors: SIDEKEY_RESOURCE_EXHAUSTED suite 2 holds less than 4 PiB, suite 1
 * what 64 bits can count; SIDEKEY_UNIMPLEMENTED no such suite;
 * SIDEKEY_INVALID_ARGUMENT raw in suite 2. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_envelope_size(
    enum sidekey_suite suite, bool raw, uint64_t plaintext_len, uint64_t *ret);

/* The inverse: bytes of plaintext in an envelope of @envelope_len bytes.  It is
 * computed from the length alone and as true as that; only opening the last
 * chunk proves it.
 * Errors: SIDEKEY_INVALID_ARGUMENT shorter than a header, or raw in suite 2;
 * SIDEKEY_DATA_LOSS no envelope has that length; SIDEKEY_UNIMPLEMENTED no such
 * suite. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_plaintext_size(
    enum sidekey_suite suite, bool raw, uint64_t envelope_len, uint64_t *ret);

/* ---- sealing ---------------------------------------------------------------
 */

struct sidekey_seal;

/* Begin an envelope.
 * @key      of sidekey_pubkey, or kept from an earlier one; copied.
 * @tenant   the id as the agent knows it; copied.
 * @options  suite (SIDEKEY_SUITE_ANY: suite 2, or suite 1 with raw), raw, aad
 *           (suite 2 only, copied); NULL: suite 2, no aad.
 * @ret      to be freed with sidekey_seal_free.
 * Errors: SIDEKEY_INVALID_ARGUMENT bad tenant id, a key whose id is not its own
 * or that is of low order, aad over 4096 bytes or with suite 1, raw in suite 2;
 * SIDEKEY_UNIMPLEMENTED no such suite; SIDEKEY_RESOURCE_EXHAUSTED no memory;
 * SIDEKEY_INTERNAL no random bytes. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_seal_new(const struct sidekey_public_key *key,
                 const char *tenant,
                 const struct sidekey_options *options,
                 struct sidekey_seal **ret);

/* Add @len bytes of plaintext at @in.
 * @ret_len  how many bytes of the envelope were written to @out, maybe 0.
 * Errors: SIDEKEY_RESOURCE_EXHAUSTED @out_cap is too small, nothing was taken;
 * or the plaintext grows to 4 PiB in suite 2; SIDEKEY_INVALID_ARGUMENT after
 * final. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_seal_update(struct sidekey_seal *seal,
                    const uint8_t *in,
                    size_t len,
                    uint8_t *out,
                    size_t out_cap,
                    size_t *ret_len);

/* End the envelope; errors as sidekey_seal_update.  Without this it is cut, and
 * opening it fails (suite 2). */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_seal_final(
    struct sidekey_seal *seal, uint8_t *out, size_t out_cap, size_t *ret_len);

/* Wipe and free, also in the middle; accepts a NULL pointer and leaves NULL
 * behind. */
void sidekey_seal_free(struct sidekey_seal **seal);

/* ---- opening ---------------------------------------------------------------
 */

struct sidekey_open_stream;

/* Begin to read an envelope.  The update that completes the header calls the
 * agent, once, and waits for its answer; a program that may not wait there
 * calls sidekey_unwrap where it may, and then sidekey_open_stream_new_key.
 * @handle       must live until the header was read.
 * @tenant       copied.
 * @options      as for sidekey_decrypt: suite 2 is demanded unless they say
 *               otherwise; copied, aad included.  NULL: suite 2, no aad.
 * @deadline_ms  for the call to the agent, from its start.
 * Errors: SIDEKEY_INVALID_ARGUMENT aad over 4096 bytes, bad tenant id;
 * SIDEKEY_RESOURCE_EXHAUSTED no memory. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_open_stream_new(struct sidekey *handle,
                        const char *tenant,
                        const struct sidekey_options *options,
                        uint32_t deadline_ms,
                        struct sidekey_open_stream **ret);

/* The same with a data key that is here already; no agent is asked.
 * @key  of sidekey_unwrap on this envelope's header; copied.
 * Errors: SIDEKEY_INVALID_ARGUMENT also for a key of another suite than
 * demanded; others as sidekey_open_stream_new. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_open_stream_new_key(const struct sidekey_data_key *key,
                            const struct sidekey_options *options,
                            struct sidekey_open_stream **ret);

/* Add @len bytes of the envelope at @in.
 * @ret_len  how many bytes of plaintext were written to @out, maybe 0.  In
 *           suite 2 each of them is authentic and at its place; whether the
 *           plaintext is whole is known after final only.
 * Errors: SIDEKEY_INVALID_ARGUMENT no envelope, or another suite than demanded;
 * SIDEKEY_UNIMPLEMENTED unknown suite; SIDEKEY_DATA_LOSS changed, cut,
 * extended, reordered, or other tenant or aad, see sidekey_stream_error_at;
 * SIDEKEY_RESOURCE_EXHAUSTED @out_cap is too small, nothing was taken; those of
 * sidekey_unwrap from the update that completes the header. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_open_stream_update(struct sidekey_open_stream *stream,
                           const uint8_t *in,
                           size_t len,
                           uint8_t *out,
                           size_t out_cap,
                           size_t *ret_len);

/* End: opens the last chunk, and says with SIDEKEY_OK that nothing is missing
 * (suite 2).  Errors as sidekey_open_stream_update. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_open_stream_final(struct sidekey_open_stream *stream,
                          uint8_t *out,
                          size_t out_cap,
                          size_t *ret_len);

/* The suite that the header says: what suite 1 gives out is not authenticated.
 * SIDEKEY_SUITE_ANY before the header was read. */
enum sidekey_suite
sidekey_open_stream_suite(const struct sidekey_open_stream *stream);

/* The whole plaintext's length, when the last chunk proves it: true, and *ret
 * set, after a successful final in suite 2 that opened the last chunk.  False
 * otherwise. */
bool sidekey_open_stream_length(const struct sidekey_open_stream *stream,
                                uint64_t *ret);

/* Wipe and free, also in the middle; accepts a NULL pointer and leaves NULL
 * behind. */
void sidekey_open_stream_free(struct sidekey_open_stream **stream);

/* ---- ranges ----------------------------------------------------------------
 *
 * To read bytes [at, at + len) of a plaintext: plan; fetch the head and the
 * chunks that the plan names; give the head to sidekey_unwrap; open.
 *
 * What a range proves, in suite 2.  Every byte that comes out stands at exactly
 * that place of the plaintext as its writer made it, under this tenant, this
 * aad and this data key.  A range with chunks also proves that the plaintext is
 * no shorter than the full chunks in it reach.  It proves nothing else about
 * the length unless the plan `verifies_end`: then the last chunk is opened too,
 * and with it the length is proven, neither cut nor extended.  A range that
 * does not verify the end opens just as well when the object was cut or
 * extended behind its chunks.  When the envelope's length is given, a range
 * that touches the last chunk, or reaches or passes the end, by that length
 * always verifies the end, so that a false length never shortens a range
 * unseen: it is SIDEKEY_DATA_LOSS.
 * An empty range in the middle proves that head, data key and aad belong
 * together, and nothing else.
 *
 * Suite 1 proves nothing at all.
 */

#define SIDEKEY_TO_END       UINT64_MAX /* as a length */
#define SIDEKEY_SIZE_UNKNOWN UINT64_MAX /* as the length of an envelope */

/* Bytes of a plaintext. */
struct sidekey_range {
    uint64_t at;    /* of the first byte; not used by a suffix */
    uint64_t len;   /* SIDEKEY_TO_END: all from there on */
    bool is_suffix; /* the last len bytes */
};

/* What to fetch for a range, and what it will give.  Lengths are bytes. */
struct sidekey_range_plan {
    uint64_t head_len;  /* fetch [0, head_len) of the envelope, */
    uint64_t chunks_at; /* and [chunks_at, chunks_at + chunks_len) */
    /* 0: nothing but the head.  SIDEKEY_TO_END: all from chunks_at on. */
    uint64_t chunks_len;
    uint64_t at; /* in the plaintext, of the first byte given */
    /* Bytes that will be given: fewer than asked for where the plaintext ends
     * before, 0 when it ends before `at` (HTTP answers 416 then).  When the
     * envelope's length is unknown: at most, or SIDEKEY_TO_END. */
    uint64_t len;
    enum sidekey_suite suite;
    bool raw;
    bool size_known;   /* exactly chunks_len bytes are to be fetched */
    bool verifies_end; /* the last chunk is among them, suite 2 */
};

/* Plan a range.
 * @suite         SIDEKEY_SUITE_ANY: suite 2, or suite 1 with @raw.
 * @envelope_len  its whole length, as the store says.  SIDEKEY_SIZE_UNKNOWN:
 *                fewer bytes than planned may then be fetched; what is left
 *                over behind the full chunks must be the last chunk, and is
 *                verified as such.
 * Errors: SIDEKEY_INVALID_ARGUMENT a suffix of an unknown length, a place that
 * no plaintext has (4 PiB in suite 2), raw in suite 2, or an envelope shorter
 * than its header; SIDEKEY_DATA_LOSS no envelope has that length;
 * SIDEKEY_UNIMPLEMENTED no such suite. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_range_plan(enum sidekey_suite suite,
                   bool raw,
                   uint64_t envelope_len,
                   const struct sidekey_range *range,
                   struct sidekey_range_plan *ret);

/* Begin to read a range: the planned chunks go through
 * sidekey_open_stream_update and sidekey_open_stream_final.
 * @key       of sidekey_unwrap on this envelope's header; copied.
 * @plan      of sidekey_range_plan; copied.
 * @options   aad (copied) and, against a relabelled envelope, suite and
 *            any_suite as for sidekey_decrypt; NULL: suite 2, no aad.
 * @head      the envelope's first bytes.
 * @head_len  plan->head_len; more may be given.
 * Errors: SIDEKEY_INVALID_ARGUMENT @head is no envelope's or too short, plan,
 * key, head and options are not of one suite, aad over 4096 bytes;
 * SIDEKEY_DATA_LOSS the commitment does not fit key and aad;
 * SIDEKEY_RESOURCE_EXHAUSTED no memory.  Later, from update and final:
 * SIDEKEY_DATA_LOSS also for more bytes than planned, and for fewer when the
 * envelope's length was known. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_range_new(const struct sidekey_data_key *key,
                  const struct sidekey_range_plan *plan,
                  const struct sidekey_options *options,
                  const uint8_t *head,
                  size_t head_len,
                  struct sidekey_open_stream **ret);

/* What was fetched for a plan. */
struct sidekey_range_bytes {
    const uint8_t *head;
    size_t head_len;
    const uint8_t *chunks;
    size_t chunks_len;
};

/* Read a range at once.
 * @out      takes plan->len bytes; when that is not known, as many as there
 *           turn out to be.
 * @ret_len  how many there were.  On failure nothing is left in @out.
 * Errors as sidekey_range_new and its stream; SIDEKEY_RESOURCE_EXHAUSTED also
 * when @out_cap is too small. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_range_open(const struct sidekey_data_key *key,
                   const struct sidekey_range_plan *plan,
                   const struct sidekey_options *options,
                   const struct sidekey_range_bytes *fetched,
                   uint8_t *out,
                   size_t out_cap,
                   size_t *ret_len);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* SIDEKEY_STREAM_H */
