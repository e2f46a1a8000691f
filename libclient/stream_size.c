/* stream_size.c - from lengths of plaintexts to those of envelopes and back;
 * see sidekey_stream.h. */
#include <inttypes.h>

#include "libclient/stream.h"

static enum skp_err find_envelope_size(enum skp_suite suite,
                                       bool raw,
                                       uint64_t plaintext_len,
                                       uint64_t *ret,
                                       struct skp_diag *diag)
{
    uint64_t payload_len = skp_payload_len(suite, plaintext_len);
    size_t head_len;

    SKP_TRY(skc_stream_head_len(suite, raw, &head_len, diag));
    if (payload_len > UINT64_MAX - skp_header_len(suite, raw)) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no envelope holds so much");
    }
    *ret = payload_len + skp_header_len(suite, raw);
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_envelope_size(enum sidekey_suite suite,
                                          bool raw,
                                          uint64_t plaintext_len,
                                          uint64_t *ret)
{
    struct skp_diag diag = { "" };

    return skc_stream_keep(find_envelope_size(skc_stream_suite(suite, raw), raw,
                                              plaintext_len, ret, &diag),
                           &diag, SKC_NOWHERE);
}

enum skp_err skc_stream_plaintext_len(enum skp_suite suite,
                                      bool raw,
                                      uint64_t envelope_len,
                                      uint64_t *ret,
                                      struct skp_diag *diag)
{
    uint64_t header_len = skp_header_len(suite, raw);
    size_t head_len;

    SKP_TRY(skc_stream_head_len(suite, raw, &head_len, diag));
    if (envelope_len < header_len) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "shorter than the header of an envelope");
    }
    if (skp_plaintext_len(suite, envelope_len - header_len, ret) !=
        SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_DATA_LOSS,
                        "no envelope has %" PRIu64
                        " bytes: it was cut or extended",
                        envelope_len);
    }
    return SKP_ERR_OK;
}

enum sidekey_status sidekey_plaintext_size(enum sidekey_suite suite,
                                           bool raw,
                                           uint64_t envelope_len,
                                           uint64_t *ret)
{
    struct skp_diag diag = { "" };

    return skc_stream_keep(
        skc_stream_plaintext_len(skc_stream_suite(suite, raw), raw,
                                 envelope_len, ret, &diag),
        &diag, SKC_NOWHERE);
}
