/* file_open.c - envelopes piece by piece, reading; see file_open.h. */
#include "libclient/file_open.h"

#include <inttypes.h>
#include <string.h>

/* What the bytes in front are. */
enum stage {
    STAGE_PREFIX, /* up to where the suite is told */
    STAGE_HEADER,
    STAGE_HEAD, /* salt and commitment of suite 2 */
    STAGE_CHUNKS,
};

struct skc_file_open {
    struct skp_secret home; /* the locked pages that this struct lies in */
    struct skp_crypto *crypto;
    struct skc_open_options options;
    struct skc_sink sink;
    enum stage stage;
    enum skp_suite suite;
    struct skp_secret gathered; /* an incomplete piece of the stage */
    size_t wanted;              /* bytes that make it complete */
    struct skp_secret plain;    /* room for one chunk */
    struct skp_chunked chunked; /* suite 2 */
    bool is_chunked;
    uint64_t n_chunks;
    uint64_t place; /* bytes of the envelope before this stage's piece */
    uint8_t data_key[SKP_KEY_LEN];
};

void skc_file_open_free(struct skc_file_open **open)
{
    struct skc_file_open *freed = *open;
    struct skp_secret home;

    if (freed == NULL) {
        return;
    }
    *open = NULL;
    if (freed->is_chunked) {
        skp_chunked_done(&freed->chunked);
    }
    skp_crypto_free(&freed->crypto);
    skp_secret_done(&freed->gathered);
    skp_secret_done(&freed->plain);
    home = freed->home;
    skp_secret_done(&home);
}

enum skp_err skc_file_open_new(const struct skc_open_options *options,
                               struct skc_sink sink,
                               struct skc_file_open **ret,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_open_free) struct skc_file_open *open = NULL;
    struct skp_secret home = { NULL, 0, 0 };

    if (options->aad.len > SKP_AAD_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "aad is at most %u bytes", SKP_AAD_MAX);
    }
    SKP_TRY(skp_secret_reserve(&home, sizeof *open));
    open = (void *)home.bytes;
    open->home = home;
    SKP_TRY(skp_crypto_new(&skp_random_system, &open->crypto));
    SKP_TRY(skp_secret_reserve(&open->gathered, SKP_CHUNK_SEALED_LEN));
    SKP_TRY(skp_secret_reserve(&open->plain, SKP_CHUNK_LEN));
    open->options = *options;
    open->sink = sink;
    open->stage = STAGE_PREFIX;
    open->wanted = options->raw ? SKP_HEADER_RAW_LEN : SKP_PREFIX_LEN;
    *ret = SKP_TAKE(open);
    return SKP_ERR_OK;
}

/* Ask for the rest of the header, now that the prefix tells its length: the
 * parser is given zeroes for it. */
static enum skp_err finish_prefix(struct skc_file_open *open,
                                  struct skp_diag *diag)
{
    uint8_t padded[SKP_HEADER_MAX] = { 0 };
    struct skp_header header;

    memcpy(padded, open->gathered.bytes, open->gathered.len);
    SKP_TRY(skp_header_parse((struct skp_view){ padded, sizeof padded },
                             open->options.raw, open->options.demand, &header,
                             diag));
    open->suite = header.suite;
    open->wanted = header.len;
    open->stage = STAGE_HEADER;
    return SKP_ERR_OK;
}

static void
begin_stage(struct skc_file_open *open, enum stage stage, size_t wanted)
{
    open->place += open->gathered.len;
    skp_secret_clear(&open->gathered);
    open->stage = stage;
    open->wanted = wanted;
}

static enum skp_err finish_header(struct skc_file_open *open,
                                  struct skp_diag *diag)
{
    const struct skc_unwrapper *unwrapper = &open->options.unwrapper;

    SKP_TRY(unwrapper->unwrap(unwrapper->state,
                              skp_secret_view(&open->gathered), open->data_key,
                              diag));
    if (open->suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        begin_stage(open, STAGE_HEAD, SKP_CHUNKED_HEAD_LEN);
    } else {
        begin_stage(open, STAGE_CHUNKS, SKP_CHUNK_LEN);
    }
    return SKP_ERR_OK;
}

static enum skp_err finish_head(struct skc_file_open *open,
                                struct skp_diag *diag)
{
    open->is_chunked = true;
    if (skp_payload_init_open(&open->chunked, open->crypto, open->data_key,
                              open->options.aad,
                              open->gathered.bytes) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_DATA_LOSS,
                        "authentication failed: the payload was changed, or "
                        "aad is another one than at encryption");
    }
    begin_stage(open, STAGE_CHUNKS, SKP_CHUNK_SEALED_LEN);
    return SKP_ERR_OK;
}

/* Suite 2: open what was gathered as the next chunk, into open->plain. */
static enum skp_err
open_sealed(struct skc_file_open *open, bool is_last, struct skp_diag *diag)
{
    struct skp_view piece = skp_secret_view(&open->gathered);

    if (piece.len < SKP_GCM_TAG_LEN ||
        skp_chunked_open(&open->chunked, open->n_chunks, is_last, piece,
                         open->plain.bytes) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_DATA_LOSS,
                        "authentication failed at byte %" PRIu64
                        ": changed or cut there",
                        open->place);
    }
    open->plain.len = piece.len - SKP_GCM_TAG_LEN;
    return SKP_ERR_OK;
}

/* Suite 1: any byte may stand anywhere. */
static enum skp_err open_stream(struct skc_file_open *open)
{
    struct skp_view piece = skp_secret_view(&open->gathered);

    open->plain.len = piece.len;
    if (piece.len == 0) {
        return SKP_ERR_OK;
    }
    return skp_ctr_apply(open->crypto, open->data_key,
                         open->n_chunks * SKP_CHUNK_LEN, piece,
                         open->plain.bytes);
}

static enum skp_err
finish_chunk(struct skc_file_open *open, bool is_last, struct skp_diag *diag)
{
    SKP_TRY(open->suite == SKP_SUITE_X25519_HPKE_AES256GCM
                ? open_sealed(open, is_last, diag)
                : open_stream(open));
    SKP_TRY(open->sink.write(open->sink.state, skp_secret_view(&open->plain),
                             diag));
    skp_secret_clear(&open->plain);
    open->n_chunks++;
    begin_stage(open, STAGE_CHUNKS, open->wanted);
    return SKP_ERR_OK;
}

static enum skp_err finish_stage(struct skc_file_open *open,
                                 struct skp_diag *diag)
{
    switch (open->stage) {
    case STAGE_PREFIX:
        return finish_prefix(open, diag);
    case STAGE_HEADER:
        return finish_header(open, diag);
    case STAGE_HEAD:
        return finish_head(open, diag);
    case STAGE_CHUNKS:
        break;
    }
    /* A full chunk is never the last one, see chunked.h. */
    return finish_chunk(open, false, diag);
}

/* Move what is wanted from @bytes, and finish what is complete with it. */
static enum skp_err gather(struct skc_file_open *open,
                           struct skp_view *bytes,
                           struct skp_diag *diag)
{
    size_t missing = open->wanted - open->gathered.len;
    size_t len = bytes->len < missing ? bytes->len : missing;

    SKP_TRY(skp_secret_append(&open->gathered, bytes->ptr, len));
    bytes->ptr += len;
    bytes->len -= len;
    /* Twice for a raw header, whose prefix is all of it. */
    while (open->gathered.len == open->wanted) {
        SKP_TRY(finish_stage(open, diag));
    }
    return SKP_ERR_OK;
}

enum skp_err skc_file_open_update(struct skc_file_open *open,
                                  struct skp_view bytes,
                                  struct skp_diag *diag)
{
    while (bytes.len > 0) {
        SKP_TRY(gather(open, &bytes, diag));
    }
    return SKP_ERR_OK;
}

enum skp_err skc_file_open_final(struct skc_file_open *open,
                                 struct skp_diag *diag)
{
    switch (open->stage) {
    case STAGE_PREFIX:
    case STAGE_HEADER:
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "shorter than the header of an envelope");
    case STAGE_HEAD:
        return skp_fail(diag, SKP_ERR_DATA_LOSS,
                        "authentication failed: the payload is cut");
    case STAGE_CHUNKS:
        break;
    }
    return finish_chunk(open, true, diag);
}
