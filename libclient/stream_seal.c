/* stream_seal.c - sealing into the caller's buffers; see sidekey_stream.h. */
#include "libclient/stream_seal.h"

#include <stdlib.h>

#include "libclient/stream.h"
#include "protocol/key.h"

struct sidekey_seal {
    struct skc_stream_run run; /* where the inner one writes to */
    struct skc_file_seal *inner;
    size_t head_len; /* bytes of head that were not given out yet */
    uint8_t head[SIDEKEY_HEAD_MAX];
};

void sidekey_seal_free(struct sidekey_seal **seal)
{
    if (seal == NULL || *seal == NULL) {
        return;
    }
    skc_file_seal_free(&(*seal)->inner);
    free(*seal);
    *seal = NULL;
}

/* A wrong id would make an envelope that no key opens. */
static enum skp_err check_recipient(const struct skp_recipient *recipient,
                                    struct skp_diag *diag)
{
    uint8_t key_id[SKP_KEY_ID_LEN];

    if (!skp_tenant_is_valid(recipient->tenant)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "a tenant id is 1 to %u printable ASCII characters "
                        "without spaces",
                        SKP_TENANT_MAX);
    }
    skp_key_id(recipient->public_key, key_id);
    if (!skp_equal_ct(key_id, recipient->key_id, sizeof key_id)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the key id is not that of the public key");
    }
    return SKP_ERR_OK;
}

static enum skp_err make_seal(const struct skc_seal_options *options,
                              const struct skp_random *random,
                              struct sidekey_seal **ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(sidekey_seal_free)
    struct sidekey_seal *seal = calloc(1, sizeof *seal);

    SKP_TRY(check_recipient(&options->recipient, diag));
    if (seal == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    seal->run.out = (struct skc_stream_out){ seal->head, sizeof seal->head, 0 };
    SKP_TRY(skc_file_seal_new(options, random, skc_stream_sink(&seal->run.out),
                              &seal->inner, diag));
    seal->head_len = seal->run.out.len;
    *ret = SKP_TAKE(seal);
    return SKP_ERR_OK;
}

enum sidekey_status skc_stream_seal_new(const struct sidekey_public_key *key,
                                        const char *tenant,
                                        const struct sidekey_options *options,
                                        const struct skp_random *random,
                                        struct sidekey_seal **ret)
{
    const struct sidekey_options *given = skc_stream_options(options);
    const struct skc_seal_options inner = {
        .recipient = { skp_view_of(tenant == NULL ? "" : tenant),
                       key->public_key, key->key_id },
        .suite = skc_stream_suite(given->suite, given->raw),
        .raw = given->raw,
        .aad = { given->aad, given->aad_len },
    };
    struct skp_diag diag = { "" };

    return skc_stream_keep(make_seal(&inner, random, ret, &diag), &diag,
                           SKC_NOWHERE);
}

enum sidekey_status sidekey_seal_new(const struct sidekey_public_key *key,
                                     const char *tenant,
                                     const struct sidekey_options *options,
                                     struct sidekey_seal **ret)
{
    return skc_stream_seal_new(key, tenant, options, &skp_random_system, ret);
}

/* The head stands before the first output. */
static enum skp_err write_head(struct sidekey_seal *seal, struct skp_diag *diag)
{
    struct skc_sink sink = skc_stream_sink(&seal->run.out);

    SKP_TRY(sink.write(sink.state,
                       (struct skp_view){ seal->head, seal->head_len }, diag));
    seal->head_len = 0;
    return SKP_ERR_OK;
}

static enum skp_err
update(struct sidekey_seal *seal, struct skp_view bytes, struct skp_diag *diag)
{
    SKP_TRY(write_head(seal, diag));
    return skc_file_seal_update(seal->inner, bytes, diag);
}

enum sidekey_status sidekey_seal_update(struct sidekey_seal *seal,
                                        const uint8_t *in,
                                        size_t len,
                                        uint8_t *out,
                                        size_t out_cap,
                                        size_t *ret_len)
{
    uint64_t needed =
        seal->head_len + skc_file_seal_update_len(seal->inner, len);
    struct skp_diag diag = { "" };
    enum skp_err err =
        skc_stream_begin(&seal->run, out, out_cap, needed, &diag);

    if (err == SKP_ERR_OK) {
        err = update(seal, (struct skp_view){ in, len }, &diag);
        err = skc_stream_end(&seal->run, err, ret_len);
    }
    return skc_stream_keep(err, &diag, SKC_NOWHERE);
}

static enum skp_err finish(struct sidekey_seal *seal, struct skp_diag *diag)
{
    SKP_TRY(write_head(seal, diag));
    return skc_file_seal_final(seal->inner, diag);
}

enum sidekey_status sidekey_seal_final(struct sidekey_seal *seal,
                                       uint8_t *out,
                                       size_t out_cap,
                                       size_t *ret_len)
{
    uint64_t needed = seal->head_len + skc_file_seal_final_len(seal->inner);
    struct skp_diag diag = { "" };
    enum skp_err err =
        skc_stream_begin(&seal->run, out, out_cap, needed, &diag);

    if (err == SKP_ERR_OK) {
        err = skc_stream_end(&seal->run, finish(seal, &diag), ret_len);
        seal->run.has_ended = true;
    }
    return skc_stream_keep(err, &diag, SKC_NOWHERE);
}
