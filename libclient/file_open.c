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
    bool is_exact;     /* see struct skc_open_part */
    bool ends;         /* the same */
    bool has_ended;    /* the last chunk was opened */
    uint64_t left;     /* bytes that may still be pushed */
    uint64_t skip;     /* plaintext bytes to drop first, */
    uint64_t take;     /* and then to give out */
    uint64_t place;    /* in the envelope, of this stage's piece */
    uint64_t plain_at; /* in the plaintext, of the next chunk */
    uint64_t failed_at;
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t aad[SKP_AAD_MAX]; /* what options.aad views */
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

static enum skp_err
copy_aad(struct skc_file_open *open, struct skp_view aad, struct skp_diag *diag)
{
    struct skp_buf copy = skp_buf_over(open->aad, sizeof open->aad);

    if (skp_buf_put(&copy, aad.ptr, aad.len) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "aad is at most %u bytes", SKP_AAD_MAX);
    }
    open->options.aad = (struct skp_view){ copy.ptr, copy.len };
    return SKP_ERR_OK;
}

/* One that reads a whole envelope, but for stage, wanted and unwrapper. */
static enum skp_err alloc_open(struct skp_view aad,
                               struct skc_sink sink,
                               struct skc_file_open **ret,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_open_free) struct skc_file_open *open = NULL;
    struct skp_secret home = { NULL, 0, 0 };

    SKP_TRY(skp_secret_reserve(&home, sizeof *open));
    open = (void *)home.bytes;
    open->home = home;
    SKP_TRY(copy_aad(open, aad, diag));
    SKP_TRY(skp_crypto_new(&skp_random_system, &open->crypto));
    SKP_TRY(skp_secret_reserve(&open->gathered, SKP_CHUNK_SEALED_LEN));
    SKP_TRY(skp_secret_reserve(&open->plain, SKP_CHUNK_LEN));
    open->sink = sink;
    open->left = UINT64_MAX;
    open->take = UINT64_MAX;
    open->failed_at = UINT64_MAX;
    *ret = SKP_TAKE(open);
    return SKP_ERR_OK;
}

enum skp_err skc_file_open_new(const struct skc_open_options *options,
                               struct skc_sink sink,
                               struct skc_file_open **ret,
                               struct skp_diag *diag)
{
    struct skc_file_open *open = NULL;

    SKP_TRY(alloc_open(options->aad, sink, &open, diag));
    open->options.demand = options->demand;
    open->options.raw = options->raw;
    open->options.unwrapper = options->unwrapper;
    open->stage = STAGE_PREFIX;
    open->wanted = options->raw ? SKP_HEADER_RAW_LEN : SKP_PREFIX_LEN;
    *ret = open;
    return SKP_ERR_OK;
}

/* DATA_LOSS, and where. */
static enum skp_err fail_at(struct skc_file_open *open,
                            uint64_t place,
                            const char *words,
                            struct skp_diag *diag)
{
    open->failed_at = place;
    return skp_fail(diag, SKP_ERR_DATA_LOSS,
                    "authentication failed at byte %" PRIu64 ": %s", place,
                    words);
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

static void begin_chunks(struct skc_file_open *open)
{
    begin_stage(open, STAGE_CHUNKS,
                open->suite == SKP_SUITE_X25519_HPKE_AES256GCM
                    ? SKP_CHUNK_SEALED_LEN
                    : SKP_CHUNK_LEN);
}

static enum skp_err finish_header(struct skc_file_open *open,
                                  struct skp_diag *diag)
{
    const struct skc_unwrapper *unwrapper = &open->options.unwrapper;
    enum skp_err err =
        unwrapper->unwrap(unwrapper->state, skp_secret_view(&open->gathered),
                          open->data_key, diag);

    if (err == SKP_ERR_DATA_LOSS) {
        open->failed_at = open->place;
    }
    SKP_TRY(err);
    if (open->suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        begin_stage(open, STAGE_HEAD, SKP_CHUNKED_HEAD_LEN);
    } else {
        begin_chunks(open);
    }
    return SKP_ERR_OK;
}

/* Check the commitment in @head, the start of the payload. */
static enum skp_err begin_payload(struct skc_file_open *open,
                                  const uint8_t *head,
                                  struct skp_diag *diag)
{
    open->is_chunked = true;
    if (skp_payload_init_open(&open->chunked, open->crypto, open->data_key,
                              open->options.aad, head) != SKP_ERR_OK) {
        return fail_at(open, SKP_HEADER_2_LEN,
                       "the payload was changed, or aad is another one than at "
                       "encryption",
                       diag);
    }
    return SKP_ERR_OK;
}

static enum skp_err finish_head(struct skc_file_open *open,
                                struct skp_diag *diag)
{
    SKP_TRY(begin_payload(open, open->gathered.bytes, diag));
    begin_chunks(open);
    return SKP_ERR_OK;
}

/* Where a chunk of @len bytes is opened to: what is asked for whole, to its
 * end; else open->plain. */
static uint8_t *place_of(struct skc_file_open *open, size_t len)
{
    if (open->skip == 0 && len <= open->take) {
        return skc_sink_room(&open->sink, len, open->plain.bytes);
    }
    return open->plain.bytes;
}

/* Suite 2: open @piece as the next chunk. */
static enum skp_err open_sealed(struct skc_file_open *open,
                                struct skp_view piece,
                                bool is_last,
                                struct skp_view *ret,
                                struct skp_diag *diag)
{
    size_t len = piece.len - SKP_GCM_TAG_LEN;
    uint8_t *place;

    if (piece.len < SKP_GCM_TAG_LEN) {
        return fail_at(open, open->place, "changed or cut there", diag);
    }
    place = place_of(open, len);
    /* What is not authentic is wiped where it stands. */
    if (skp_chunked_open(&open->chunked, open->plain_at / SKP_CHUNK_LEN,
                         is_last, piece, place) != SKP_ERR_OK) {
        return fail_at(open, open->place, "changed or cut there", diag);
    }
    *ret = (struct skp_view){ place, len };
    return SKP_ERR_OK;
}

/* Suite 1: any byte may stand anywhere. */
static enum skp_err open_stream(struct skc_file_open *open,
                                struct skp_view piece,
                                struct skp_view *ret)
{
    uint8_t *place = place_of(open, piece.len);

    *ret = (struct skp_view){ place, piece.len };
    if (piece.len == 0) {
        return SKP_ERR_OK;
    }
    return skp_ctr_apply(open->crypto, open->data_key, open->plain_at, piece,
                         place);
}

/* Those bytes of @plain, an opened chunk, that are asked for. */
static struct skp_view pick_wanted(struct skc_file_open *open,
                                   struct skp_view plain)
{
    size_t dropped = open->skip < plain.len ? (size_t)open->skip : plain.len;

    plain.ptr += dropped;
    plain.len -= dropped;
    open->skip -= dropped;
    if (plain.len > open->take) {
        plain.len = (size_t)open->take;
    }
    open->take -= plain.len;
    return plain;
}

static enum skp_err finish_chunk(struct skc_file_open *open,
                                 struct skp_view piece,
                                 bool is_last,
                                 struct skp_diag *diag)
{
    struct skp_view plain = { NULL, 0 };

    SKP_TRY(open->suite == SKP_SUITE_X25519_HPKE_AES256GCM
                ? open_sealed(open, piece, is_last, &plain, diag)
                : open_stream(open, piece, &plain));
    open->place += piece.len;
    open->plain_at += plain.len;
    if (plain.ptr == open->plain.bytes) {
        open->plain.len = plain.len; /* to be wiped */
    }
    SKP_TRY(open->sink.write(open->sink.state, pick_wanted(open, plain), diag));
    skp_secret_clear(&open->plain);
    return SKP_ERR_OK;
}

static enum skp_err finish_gathered_chunk(struct skc_file_open *open,
                                          bool is_last,
                                          struct skp_diag *diag)
{
    SKP_TRY(
        finish_chunk(open, skp_secret_view(&open->gathered), is_last, diag));
    skp_secret_clear(&open->gathered);
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
    return finish_gathered_chunk(open, false, diag);
}

/* Take what is wanted from @bytes, and finish what is complete with it: a whole
 * chunk where it stands. */
static enum skp_err gather(struct skc_file_open *open,
                           struct skp_view *bytes,
                           struct skp_diag *diag)
{
    size_t missing = open->wanted - open->gathered.len;
    struct skp_view piece = { bytes->ptr,
                              bytes->len < missing ? bytes->len : missing };

    bytes->ptr += piece.len;
    bytes->len -= piece.len;
    open->left -= piece.len;
    if (open->stage == STAGE_CHUNKS && piece.len == open->wanted) {
        return finish_chunk(open, piece, false, diag);
    }
    SKP_TRY(skp_secret_append(&open->gathered, piece.ptr, piece.len));
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
    if (bytes.len > open->left) {
        return fail_at(open, open->place + open->gathered.len + open->left,
                       "more bytes than the range covers", diag);
    }
    while (bytes.len > 0) {
        SKP_TRY(gather(open, &bytes, diag));
    }
    return SKP_ERR_OK;
}

/* What is left over is the last chunk, unless a part was read that ends before
 * it. */
static enum skp_err finish_chunks(struct skc_file_open *open,
                                  struct skp_diag *diag)
{
    bool is_suite_2 = open->suite == SKP_SUITE_X25519_HPKE_AES256GCM;
    bool ends = open->is_exact ? open->ends : open->left > 0;

    if (open->is_exact && open->left > 0) {
        return fail_at(open, open->place, "fewer bytes than the range covers",
                       diag);
    }
    if (is_suite_2 && !ends && open->gathered.len == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(finish_gathered_chunk(open, true, diag));
    open->has_ended = is_suite_2;
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
        return fail_at(open, open->place, "the payload is cut", diag);
    case STAGE_CHUNKS:
        break;
    }
    return finish_chunks(open, diag);
}

/* ---- parts ----------------------------------------------------------------
 */

enum skp_err skc_file_open_part(const struct skc_open_part *part,
                                struct skc_sink sink,
                                struct skc_file_open **ret,
                                uint64_t *ret_failed_at,
                                struct skp_diag *diag)
{
    SKP_CLEANUP(skc_file_open_free) struct skc_file_open *open = NULL;

    SKP_TRY(alloc_open(part->aad, sink, &open, diag));
    open->suite = part->suite;
    memcpy(open->data_key, part->data_key, SKP_KEY_LEN);
    if (part->suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        enum skp_err err = begin_payload(open, part->payload_head, diag);

        *ret_failed_at = open->failed_at;
        SKP_TRY(err);
    }
    begin_chunks(open);
    open->place = part->place;
    open->plain_at = part->plain_at;
    open->left = part->len;
    open->is_exact = part->is_exact;
    open->ends = part->ends;
    open->skip = part->skip;
    open->take = part->take;
    *ret = SKP_TAKE(open);
    return SKP_ERR_OK;
}

/* ---- what is known of it --------------------------------------------------
 */

/* How many of @len opened bytes would be given out. */
static uint64_t count_wanted(const struct skc_file_open *open, uint64_t len)
{
    len = len > open->skip ? len - open->skip : 0;
    return len < open->take ? len : open->take;
}

uint64_t skc_file_open_update_len(const struct skc_file_open *open, size_t len)
{
    uint64_t n_chunks;

    if (open->stage != STAGE_CHUNKS) {
        return len;
    }
    n_chunks = len / open->wanted +
               (len % open->wanted + open->gathered.len) / open->wanted;
    return count_wanted(open, n_chunks * SKP_CHUNK_LEN);
}

uint64_t skc_file_open_final_len(const struct skc_file_open *open)
{
    bool is_suite_2 = open->suite == SKP_SUITE_X25519_HPKE_AES256GCM;
    size_t tag_len = is_suite_2 ? SKP_GCM_TAG_LEN : 0;

    if (open->stage != STAGE_CHUNKS || open->gathered.len < tag_len) {
        return 0;
    }
    return count_wanted(open, open->gathered.len - tag_len);
}

uint64_t skc_file_open_failed_at(const struct skc_file_open *open)
{
    return open->failed_at;
}

enum skp_suite skc_file_open_suite(const struct skc_file_open *open)
{
    return open->suite;
}

bool skc_file_open_length(const struct skc_file_open *open, uint64_t *ret)
{
    if (open->has_ended) {
        *ret = open->plain_at;
    }
    return open->has_ended;
}
