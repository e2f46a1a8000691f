/* stream_open.c - opening into the caller's buffers; see sidekey_stream.h.
 *
 * Secrets:  the data key, if one was given, lies in locked pages.
 */
#include "libclient/stream_open.h"

#include <string.h>

#include "libclient/client_status.h"
#include "libclient/stream.h"
#include "protocol/key.h"

struct sidekey_open_stream {
    struct skp_secret home;    /* the locked pages that this struct lies in */
    struct skc_stream_run run; /* where the inner one writes to */
    struct skc_file_open *inner;
    /* Who opens the header: the agent, or nobody when the key is there. */
    struct sidekey *handle;
    struct sidekey_options options; /* without aad, which no header has */
    uint32_t deadline_ms;
    char tenant[SKP_TENANT_MAX + 1];
    uint8_t data_key[SKP_KEY_LEN];
};

void sidekey_open_stream_free(struct sidekey_open_stream **stream)
{
    struct skp_secret home;

    if (stream == NULL || *stream == NULL) {
        return;
    }
    skc_file_open_free(&(*stream)->inner);
    home = (*stream)->home;
    *stream = NULL;
    skp_secret_done(&home);
}

static enum skp_err alloc_stream(struct sidekey_open_stream **ret)
{
    struct skp_secret home = { NULL, 0, 0 };

    SKP_TRY(skp_secret_reserve(&home, sizeof **ret));
    *ret = (void *)home.bytes;
    (*ret)->home = home;
    return SKP_ERR_OK;
}

static enum skp_err ask_agent(void *state,
                              struct skp_view header,
                              uint8_t ret_data_key[SKP_KEY_LEN],
                              struct skp_diag *diag)
{
    const struct sidekey_open_stream *stream = state;
    SKP_WIPED(struct sidekey_data_key, key, 1);
    enum sidekey_status status =
        sidekey_unwrap(stream->handle, stream->tenant, header.ptr, header.len,
                       &stream->options, stream->deadline_ms, key);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s",
                        sidekey_error_text(stream->handle));
    }
    memcpy(ret_data_key, key->key, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

static enum skp_err use_key(void *state,
                            struct skp_view header,
                            uint8_t ret_data_key[SKP_KEY_LEN],
                            struct skp_diag *diag)
{
    const struct sidekey_open_stream *stream = state;

    (void)header;
    (void)diag;
    memcpy(ret_data_key, stream->data_key, SKP_KEY_LEN);
    return SKP_ERR_OK;
}

static enum skp_err begin_whole(struct sidekey_open_stream *stream,
                                const struct skc_open_options *options,
                                struct skp_diag *diag)
{
    return skc_file_open_new(options, skc_stream_sink(&stream->run.out),
                             &stream->inner, diag);
}

static enum skp_err make_asking(const char *tenant,
                                const struct sidekey_options *options,
                                struct sidekey_open_stream **ret,
                                struct skp_diag *diag)
{
    SKP_CLEANUP(sidekey_open_stream_free)
    struct sidekey_open_stream *stream = NULL;
    struct skp_view id = skp_view_of(tenant == NULL ? "" : tenant);
    struct skc_open_options inner = {
        .demand = skc_stream_demand(options),
        .raw = options->raw,
        .aad = { options->aad, options->aad_len },
        .unwrapper = { NULL, ask_agent },
    };

    if (!skp_tenant_is_valid(id)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a tenant id is 1 to %u printable ASCII characters "
                        "without spaces",
                        SKP_TENANT_MAX);
    }
    SKP_TRY(alloc_stream(&stream));
    memcpy(stream->tenant, id.ptr, id.len);
    stream->options = *options;
    stream->options.aad = NULL;
    stream->options.aad_len = 0;
    inner.unwrapper.state = stream;
    SKP_TRY(begin_whole(stream, &inner, diag));
    *ret = SKP_TAKE(stream);
    return SKP_ERR_OK;
}

enum sidekey_status
sidekey_open_stream_new(struct sidekey *handle,
                        const char *tenant,
                        const struct sidekey_options *options,
                        uint32_t deadline_ms,
                        struct sidekey_open_stream **ret)
{
    struct skp_diag diag = { "" };
    enum skp_err err =
        make_asking(tenant, skc_stream_options(options), ret, &diag);

    if (err == SKP_ERR_OK) {
        (*ret)->handle = handle;
        (*ret)->deadline_ms = deadline_ms;
    }
    return skc_stream_keep(err, &diag, SKC_NOWHERE);
}

static enum skp_err make_knowing(const struct sidekey_data_key *key,
                                 const struct sidekey_options *options,
                                 struct sidekey_open_stream **ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(sidekey_open_stream_free)
    struct sidekey_open_stream *stream = NULL;
    struct skc_open_options inner = {
        .demand = (enum skp_suite)key->suite,
        .raw = options->raw,
        .aad = { options->aad, options->aad_len },
        .unwrapper = { NULL, use_key },
    };

    SKP_TRY(skc_stream_check_key(key, options, diag));
    SKP_TRY(alloc_stream(&stream));
    memcpy(stream->data_key, key->key, SKP_KEY_LEN);
    inner.unwrapper.state = stream;
    SKP_TRY(begin_whole(stream, &inner, diag));
    *ret = SKP_TAKE(stream);
    return SKP_ERR_OK;
}

enum sidekey_status
sidekey_open_stream_new_key(const struct sidekey_data_key *key,
                            const struct sidekey_options *options,
                            struct sidekey_open_stream **ret)
{
    struct skp_diag diag = { "" };

    return skc_stream_keep(
        make_knowing(key, skc_stream_options(options), ret, &diag), &diag,
        SKC_NOWHERE);
}

enum skp_err skc_stream_open_part(const struct skc_open_part *part,
                                  struct sidekey_open_stream **ret,
                                  uint64_t *ret_failed_at,
                                  struct skp_diag *diag)
{
    SKP_CLEANUP(sidekey_open_stream_free)
    struct sidekey_open_stream *stream = NULL;

    SKP_TRY(alloc_stream(&stream));
    SKP_TRY(skc_file_open_part(part, skc_stream_sink(&stream->run.out),
                               &stream->inner, ret_failed_at, diag));
    *ret = SKP_TAKE(stream);
    return SKP_ERR_OK;
}

enum sidekey_status
sidekey_open_stream_update(struct sidekey_open_stream *stream,
                           const uint8_t *in,
                           size_t len,
                           uint8_t *out,
                           size_t out_cap,
                           size_t *ret_len)
{
    uint64_t needed = skc_file_open_update_len(stream->inner, len);
    struct skp_diag diag = { "" };
    enum skp_err err =
        skc_stream_begin(&stream->run, out, out_cap, needed, &diag);

    if (err == SKP_ERR_OK) {
        err = skc_file_open_update(stream->inner, (struct skp_view){ in, len },
                                   &diag);
        err = skc_stream_end(&stream->run, err, ret_len);
    }
    return skc_stream_keep(err, &diag, skc_file_open_failed_at(stream->inner));
}

enum sidekey_status
sidekey_open_stream_final(struct sidekey_open_stream *stream,
                          uint8_t *out,
                          size_t out_cap,
                          size_t *ret_len)
{
    uint64_t needed = skc_file_open_final_len(stream->inner);
    struct skp_diag diag = { "" };
    enum skp_err err =
        skc_stream_begin(&stream->run, out, out_cap, needed, &diag);

    if (err == SKP_ERR_OK) {
        err = skc_file_open_final(stream->inner, &diag);
        err = skc_stream_end(&stream->run, err, ret_len);
        stream->run.has_ended = true;
    }
    return skc_stream_keep(err, &diag, skc_file_open_failed_at(stream->inner));
}

enum sidekey_suite
sidekey_open_stream_suite(const struct sidekey_open_stream *stream)
{
    return (enum sidekey_suite)skc_file_open_suite(stream->inner);
}

bool sidekey_open_stream_length(const struct sidekey_open_stream *stream,
                                uint64_t *ret)
{
    return skc_file_open_length(stream->inner, ret);
}
