/* file_seal.c - envelopes piece by piece, writing; see file_seal.h. */
#include "libclient/file_seal.h"

struct skc_file_seal {
    struct skp_secret home; /* the locked pages that this struct lies in */
    struct skp_crypto *crypto;
    enum skp_suite suite;
    struct skp_chunked chunked; /* suite 2 */
    uint64_t n_chunks;          /* written so far */
    struct skc_sink sink;
    struct skp_secret plain;  /* less than one chunk, between updates */
    struct skp_secret sealed; /* room for one sealed chunk */
    bool is_chunked;          /* chunked is to be wiped */
    uint8_t data_key[SKP_KEY_LEN];
};

void skc_file_seal_free(struct skc_file_seal **seal)
{
    struct skc_file_seal *freed = *seal;
    struct skp_secret home;

    if (freed == NULL) {
        return;
    }
    *seal = NULL;
    if (freed->is_chunked) {
        skp_chunked_done(&freed->chunked);
    }
    skp_crypto_free(&freed->crypto);
    skp_secret_done(&freed->plain);
    skp_secret_done(&freed->sealed);
    home = freed->home;
    skp_secret_done(&home);
}

static enum skp_err check_options(const struct skc_seal_options *options,
                                  struct skp_diag *diag)
{
    bool is_suite_2 = options->suite == SKP_SUITE_X25519_HPKE_AES256GCM;

    if (skp_suite_name(options->suite) == NULL) {
        return skp_fail(diag, SKP_ERR_UNIMPLEMENTED, "no such suite");
    }
    if (options->raw && is_suite_2) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "only suite 1 has a raw form");
    }
    if (options->aad.len > 0 && !is_suite_2) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "suite 1 cannot authenticate aad");
    }
    if (options->aad.len > SKP_AAD_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "aad is at most %u bytes", SKP_AAD_MAX);
    }
    return SKP_ERR_OK;
}

static enum skp_err alloc_seal(const struct skp_random *random,
                               struct skc_file_seal **ret)
{
    SKP_CLEANUP(skc_file_seal_free) struct skc_file_seal *seal = NULL;
    struct skp_secret home = { NULL, 0, 0 };

    SKP_TRY(skp_secret_reserve(&home, sizeof *seal));
    seal = (void *)home.bytes;
    seal->home = home;
    SKP_TRY(skp_crypto_new(random, &seal->crypto));
    SKP_TRY(skp_secret_reserve(&seal->plain, SKP_CHUNK_LEN));
    SKP_TRY(skp_secret_reserve(&seal->sealed, SKP_CHUNK_SEALED_LEN));
    *ret = SKP_TAKE(seal);
    return SKP_ERR_OK;
}

static enum skp_err write_head(struct skc_file_seal *seal,
                               const struct skc_seal_options *options,
                               struct skp_diag *diag)
{
    uint8_t header[SKP_HEADER_MAX];
    uint8_t head[SKP_CHUNKED_HEAD_LEN];
    size_t len;

    SKP_TRY(skp_header_seal(seal->crypto, options->suite, options->raw,
                            &options->recipient, seal->data_key, header, &len));
    SKP_TRY(seal->sink.write(seal->sink.state, (struct skp_view){ header, len },
                             diag));
    if (options->suite != SKP_SUITE_X25519_HPKE_AES256GCM) {
        return SKP_ERR_OK;
    }
    seal->is_chunked = true;
    SKP_TRY(skp_payload_init_seal(&seal->chunked, seal->crypto, seal->data_key,
                                  options->aad, head));
    return seal->sink.write(seal->sink.state,
                            (struct skp_view){ head, sizeof head }, diag);
}

enum skp_err skc_file_seal_new(const struct skc_seal_options *options,
                               const struct skp_random *random,
                               struct skc_sink sink,
                               struct skc_file_seal **ret,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_seal_free) struct skc_file_seal *seal = NULL;

    SKP_TRY(check_options(options, diag));
    SKP_TRY(alloc_seal(random, &seal));
    seal->suite = options->suite;
    seal->sink = sink;
    SKP_TRY(write_head(seal, options, diag));
    *ret = SKP_TAKE(seal);
    return SKP_ERR_OK;
}

static size_t tag_len(const struct skc_file_seal *seal)
{
    return seal->suite == SKP_SUITE_X25519_HPKE_AES256GCM ? SKP_GCM_TAG_LEN : 0;
}

/* Seal @plain, the next chunk, and write it. */
static enum skp_err write_chunk(struct skc_file_seal *seal,
                                struct skp_view plain,
                                bool is_last,
                                struct skp_diag *diag)
{
    size_t len = plain.len + tag_len(seal);
    uint8_t *place = skc_sink_room(&seal->sink, len, seal->sealed.bytes);

    if (seal->suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        SKP_TRY(skp_chunked_seal(&seal->chunked, seal->n_chunks, is_last, plain,
                                 place));
    } else if (plain.len > 0) {
        SKP_TRY(skp_ctr_apply(seal->crypto, seal->data_key,
                              seal->n_chunks * SKP_CHUNK_LEN, plain, place));
    }
    seal->n_chunks++;
    return seal->sink.write(seal->sink.state, (struct skp_view){ place, len },
                            diag);
}

/* Seal what was kept between updates. */
static enum skp_err
write_kept(struct skc_file_seal *seal, bool is_last, struct skp_diag *diag)
{
    SKP_TRY(write_chunk(seal, skp_secret_view(&seal->plain), is_last, diag));
    skp_secret_clear(&seal->plain);
    return SKP_ERR_OK;
}

/* Move from @bytes to the envelope: a whole chunk where it stands, less than
 * that by way of what is kept.  A full chunk is written at once, for it is
 * never the last, see chunked.h. */
static enum skp_err fill_chunk(struct skc_file_seal *seal,
                               struct skp_view *bytes,
                               struct skp_diag *diag)
{
    struct skp_view piece = { bytes->ptr, SKP_CHUNK_LEN - seal->plain.len };

    if (bytes->len < piece.len) {
        piece.len = bytes->len;
    }
    bytes->ptr += piece.len;
    bytes->len -= piece.len;
    if (piece.len == SKP_CHUNK_LEN) {
        return write_chunk(seal, piece, false, diag);
    }
    SKP_TRY(skp_secret_append(&seal->plain, piece.ptr, piece.len));
    return seal->plain.len == SKP_CHUNK_LEN ? write_kept(seal, false, diag)
                                            : SKP_ERR_OK;
}

enum skp_err skc_file_seal_update(struct skc_file_seal *seal,
                                  struct skp_view bytes,
                                  struct skp_diag *diag)
{
    while (bytes.len > 0) {
        SKP_TRY(fill_chunk(seal, &bytes, diag));
    }
    return SKP_ERR_OK;
}

enum skp_err skc_file_seal_final(struct skc_file_seal *seal,
                                 struct skp_diag *diag)
{
    return write_kept(seal, true, diag);
}

uint64_t skc_file_seal_update_len(const struct skc_file_seal *seal, size_t len)
{
    uint64_t n_chunks = len / SKP_CHUNK_LEN +
                        (len % SKP_CHUNK_LEN + seal->plain.len) / SKP_CHUNK_LEN;

    return n_chunks * (SKP_CHUNK_LEN + tag_len(seal));
}

uint64_t skc_file_seal_final_len(const struct skc_file_seal *seal)
{
    return seal->plain.len + tag_len(seal);
}
