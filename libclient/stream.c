/* stream.c - what the streaming calls share; see stream.h. */
#include "libclient/stream.h"

#include <inttypes.h>
#include <string.h>

#include "libclient/client_status.h"

static _Thread_local struct {
    struct skp_diag diag;
    uint64_t at;
} last_words = { { "" }, SKC_NOWHERE };

enum sidekey_status
skc_stream_keep(enum skp_err err, struct skp_diag *diag, uint64_t at)
{
    if (err == SKP_ERR_OK) {
        diag->text[0] = '\0';
    } else if (diag->text[0] == '\0') {
        (void)skp_fail(diag, err, "%s", skp_err_text(err));
    }
    last_words.diag = *diag;
    last_words.at = err == SKP_ERR_DATA_LOSS ? at : SKC_NOWHERE;
    return skc_status_of(err);
}

const char *sidekey_stream_error_text(void)
{
    return last_words.diag.text;
}

uint64_t sidekey_stream_error_at(void)
{
    return last_words.at;
}

static enum skp_err
append(void *state, struct skp_view bytes, struct skp_diag *diag)
{
    struct skc_stream_out *out = state;

    if (bytes.len > out->cap - out->len) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the output buffer is too small");
    }
    if (bytes.len > 0 && bytes.ptr != out->ptr + out->len) {
        memcpy(out->ptr + out->len, bytes.ptr, bytes.len);
    }
    out->len += bytes.len;
    return SKP_ERR_OK;
}

static uint8_t *room(void *state, size_t len)
{
    const struct skc_stream_out *out = state;

    /* Of an empty buffer there may be no place at all. */
    return len > 0 && len <= out->cap - out->len ? out->ptr + out->len : NULL;
}

struct skc_sink skc_stream_sink(struct skc_stream_out *out)
{
    return (struct skc_sink){ out, append, room };
}

enum skp_err skc_stream_begin(struct skc_stream_run *run,
                              uint8_t *out,
                              size_t cap,
                              uint64_t needed,
                              struct skp_diag *diag)
{
    if (run->failed != SKP_ERR_OK) {
        return skp_fail(diag, run->failed, "this stream has failed before");
    }
    if (run->has_ended) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "this stream has ended");
    }
    if (needed > cap) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the output buffer needs %" PRIu64 " bytes", needed);
    }
    run->out.ptr = out;
    run->out.cap = cap;
    run->out.len = 0;
    return SKP_ERR_OK;
}

enum skp_err
skc_stream_end(struct skc_stream_run *run, enum skp_err err, size_t *ret_len)
{
    if (err == SKP_ERR_OK) {
        *ret_len = run->out.len;
    } else if (run->out.len > 0) {
        skp_wipe(run->out.ptr, run->out.len);
    }
    run->failed = err;
    run->out = (struct skc_stream_out){ NULL, 0, 0 };
    return err;
}

const struct sidekey_options *
skc_stream_options(const struct sidekey_options *options)
{
    static const struct sidekey_options defaults;

    return options == NULL ? &defaults : options;
}

enum skp_suite skc_stream_suite(enum sidekey_suite suite, bool raw)
{
    if (suite != SIDEKEY_SUITE_ANY) {
        return (enum skp_suite)suite;
    }
    return raw ? SKP_SUITE_X25519_AES256CTR : SKP_SUITE_X25519_HPKE_AES256GCM;
}

enum skp_suite skc_stream_demand(const struct sidekey_options *options)
{
    if (options->suite == SIDEKEY_SUITE_ANY && options->any_suite) {
        return SKP_SUITE_ANY;
    }
    return skc_stream_suite(options->suite, options->raw);
}

enum skp_err skc_stream_check_key(const struct sidekey_data_key *key,
                                  const struct sidekey_options *options,
                                  struct skp_diag *diag)
{
    enum skp_suite suite = (enum skp_suite)key->suite;
    enum skp_suite demand = skc_stream_demand(options);

    if (skp_suite_name(suite) == NULL ||
        (demand != SKP_SUITE_ANY && demand != suite)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the data key is of another suite than demanded");
    }
    return SKP_ERR_OK;
}

enum skp_err skc_stream_head_len(enum skp_suite suite,
                                 bool raw,
                                 size_t *ret,
                                 struct skp_diag *diag)
{
    bool is_suite_2 = suite == SKP_SUITE_X25519_HPKE_AES256GCM;

    if (skp_suite_name(suite) == NULL) {
        return skp_fail(diag, SKP_ERR_UNIMPLEMENTED, "no such suite");
    }
    if (raw && is_suite_2) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "only suite 1 has a raw form");
    }
    *ret = skp_header_len(suite, raw) + (is_suite_2 ? SKP_CHUNKED_HEAD_LEN : 0);
    return SKP_ERR_OK;
}
