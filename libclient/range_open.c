/* range_open.c - read the bytes that a plan names; see sidekey_stream.h. */
#include <string.h>

#include "libclient/stream.h"
#include "libclient/stream_open.h"

/* The header in @head must be one of the plan's suite. */
static enum skp_err check_head(const struct sidekey_range_plan *plan,
                               struct skp_view head,
                               struct skp_diag *diag)
{
    enum skp_suite suite = (enum skp_suite)plan->suite;
    struct skp_header header;
    size_t head_len;

    SKP_TRY(skc_stream_head_len(suite, plan->raw, &head_len, diag));
    SKP_TRY(skp_header_parse(head, plan->raw, suite, &header, diag));
    if (head.len < head_len) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the head of this range is %zu bytes", head_len);
    }
    return SKP_ERR_OK;
}

/* What is to be read, in the words of file_open.h. */
static struct skc_open_part part_of(const struct sidekey_data_key *key,
                                    const struct sidekey_range_plan *plan,
                                    const struct sidekey_options *options,
                                    const uint8_t *head)
{
    bool is_suite_2 = plan->suite == SIDEKEY_SUITE_X25519_HPKE_AES256GCM;
    struct skc_open_part part = {
        .suite = (enum skp_suite)plan->suite,
        .data_key = key->key,
        .aad = { options->aad, options->aad_len },
        .place = plan->chunks_at,
        .plain_at = plan->at,
        .len = plan->chunks_len,
        .is_exact = plan->size_known,
        .ends = plan->verifies_end,
        .take = plan->len,
    };

    if (is_suite_2) {
        part.payload_head = head + SKP_HEADER_2_LEN;
        part.skip = plan->at % SKP_CHUNK_LEN;
        part.plain_at -= part.skip;
    }
    return part;
}

static enum skp_err make_range(const struct sidekey_data_key *key,
                               const struct sidekey_range_plan *plan,
                               const struct sidekey_options *options,
                               struct skp_view head,
                               struct sidekey_open_stream **ret,
                               uint64_t *ret_failed_at,
                               struct skp_diag *diag)
{
    struct skc_open_part part;

    SKP_TRY(skc_stream_check_key(key, options, diag));
    if (key->suite != plan->suite) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the data key is of another suite than the plan");
    }
    SKP_TRY(check_head(plan, head, diag));
    part = part_of(key, plan, options, head.ptr);
    return skc_stream_open_part(&part, ret, ret_failed_at, diag);
}

enum sidekey_status sidekey_range_new(const struct sidekey_data_key *key,
                                      const struct sidekey_range_plan *plan,
                                      const struct sidekey_options *options,
                                      const uint8_t *head,
                                      size_t head_len,
                                      struct sidekey_open_stream **ret)
{
    struct skp_diag diag = { "" };
    uint64_t failed_at = SKC_NOWHERE;
    enum skp_err err =
        make_range(key, plan, skc_stream_options(options),
                   (struct skp_view){ head, head_len }, ret, &failed_at, &diag);

    return skc_stream_keep(err, &diag, failed_at);
}

/* All of the chunks through the stream. */
static enum sidekey_status pump(struct sidekey_open_stream *stream,
                                const struct sidekey_range_bytes *fetched,
                                uint8_t *out,
                                size_t out_cap,
                                size_t *ret_len)
{
    size_t len = 0;
    size_t last_len = 0;
    enum sidekey_status status = sidekey_open_stream_update(
        stream, fetched->chunks, fetched->chunks_len, out, out_cap, &len);

    if (status == SIDEKEY_OK) {
        status = sidekey_open_stream_final(stream, out + len, out_cap - len,
                                           &last_len);
    }
    if (status == SIDEKEY_OK) {
        *ret_len = len + last_len;
    } else if (len > 0) {
        skp_wipe(out, len);
    }
    return status;
}

enum sidekey_status
sidekey_range_open(const struct sidekey_data_key *key,
                   const struct sidekey_range_plan *plan,
                   const struct sidekey_options *options,
                   const struct sidekey_range_bytes *fetched,
                   uint8_t *out,
                   size_t out_cap,
                   size_t *ret_len)
{
    SKP_CLEANUP(sidekey_open_stream_free)
    struct sidekey_open_stream *stream = NULL;
    enum sidekey_status status = sidekey_range_new(
        key, plan, options, fetched->head, fetched->head_len, &stream);

    if (status == SIDEKEY_OK) {
        status = pump(stream, fetched, out, out_cap, ret_len);
    }
    return status;
}
