/* cli_range.c - parts of envelopes; see cli_range.h. */
#include "libclient/cli/cli_range.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "libclient/cli/cli_output.h"
#include "libclient/client_status.h"
#include "protocol/envelope.h"

#define READ_STEP 65536u

/* ---- the words ------------------------------------------------------------
 */

/* Digits without a sign; NULL when there is none, or too many. */
static const char *read_number(const char *text, uint64_t *ret)
{
    uint64_t n = 0;

    if (*text < '0' || *text > '9') {
        return NULL;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            return NULL;
        }
        n = n * 10 + digit;
    }
    *ret = n;
    return text;
}

static enum skp_err read_suffix(const char *text, struct sidekey_range *ret)
{
    struct sidekey_range range = { .is_suffix = true };
    const char *rest = read_number(text, &range.len);

    if (rest == NULL || *rest != '\0' || range.len == 0) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = range;
    return SKP_ERR_OK;
}

enum skp_err skc_cli_range_parse(const char *text, struct sidekey_range *ret)
{
    struct sidekey_range range = { .len = SIDEKEY_TO_END };
    uint64_t last = UINT64_MAX;
    const char *rest;

    if (text[0] == '-') {
        return read_suffix(text + 1, ret);
    }
    rest = read_number(text, &range.at);
    if (rest == NULL || *rest != '-') {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    rest++;
    if (*rest != '\0') {
        rest = read_number(rest, &last);
    }
    if (rest == NULL || *rest != '\0' || last < range.at) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (last != UINT64_MAX) {
        range.len = last - range.at + 1;
    }
    *ret = range;
    return SKP_ERR_OK;
}

/* ---- the file -------------------------------------------------------------
 */

/* One copy. */
struct reader {
    const struct skc_range_copy *copy;
    uint8_t head[SKP_HEADER_2_LEN + SKP_CHUNKED_HEAD_LEN];
    size_t head_len;
    struct sidekey_range_plan plan;
    struct sidekey_open_stream *stream;
    struct skp_secret piece; /* what was read */
    struct skp_secret plain; /* what came out */
};

static enum skp_err fail_stream(enum sidekey_status status,
                                struct skp_diag *diag)
{
    return skp_fail(diag, skc_status_err(status), "%s",
                    sidekey_stream_error_text());
}

/* Read @len bytes at @place of the envelope, or fewer at its end. */
static enum skp_err read_at(const struct skc_cli_input *input,
                            uint64_t place,
                            uint8_t *ret,
                            size_t len,
                            size_t *ret_len,
                            struct skp_diag *diag)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(input->fd, ret + done, len - done,
                          (off_t)(input->start + place + done));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, input->name, errno);
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    *ret_len = done;
    return SKP_ERR_OK;
}

/* The suite is what the header says; whether that is wanted, the agent and the
 * stream decide. */
static enum skp_err make_plan(struct reader *reader, struct skp_diag *diag)
{
    const struct skc_range_copy *copy = reader->copy;
    struct skp_header header;
    enum sidekey_status status;

    SKP_TRY(read_at(copy->input, 0, reader->head, sizeof reader->head,
                    &reader->head_len, diag));
    SKP_TRY(
        skp_header_parse((struct skp_view){ reader->head, reader->head_len },
                         copy->options->raw, SKP_SUITE_ANY, &header, diag));
    status =
        sidekey_range_plan((enum sidekey_suite)header.suite, copy->options->raw,
                           copy->input->size, &copy->range, &reader->plan);
    return status == SIDEKEY_OK ? SKP_ERR_OK : fail_stream(status, diag);
}

static enum skp_err open_stream(struct reader *reader, struct skp_diag *diag)
{
    const struct skc_range_copy *copy = reader->copy;
    struct sidekey *handle = copy->cli->handle;
    struct sidekey_data_key key;
    enum sidekey_status status =
        sidekey_unwrap(handle, copy->tenant, reader->head, reader->head_len,
                       copy->options, copy->cli->timeout_ms, &key);

    if (status != SIDEKEY_OK) {
        return skp_fail(diag, skc_status_err(status), "%s",
                        sidekey_error_text(handle));
    }
    status = sidekey_range_new(&key, &reader->plan, copy->options, reader->head,
                               reader->head_len, &reader->stream);
    sidekey_wipe(&key, sizeof key);
    if (status != SIDEKEY_OK) {
        return fail_stream(status, diag);
    }
    SKP_TRY(skp_secret_reserve(&reader->piece, READ_STEP));
    return skp_secret_reserve(&reader->plain, SIDEKEY_STREAM_ROOM(READ_STEP));
}

static enum skp_err write_plain(struct reader *reader, struct skp_diag *diag)
{
    const struct skc_range_copy *copy = reader->copy;

    SKP_TRY(copy->sink.write(copy->sink.state, skp_secret_view(&reader->plain),
                             diag));
    skc_cli_progress_add(copy->progress, reader->plain.len);
    return SKP_ERR_OK;
}

/* The next planned bytes; the plan was made with the file's size, so that fewer
 * are a cut, which the stream's final finds. */
static enum skp_err copy_piece(struct reader *reader,
                               uint64_t *done,
                               bool *ret_is_end,
                               struct skp_diag *diag)
{
    uint64_t left = reader->plan.chunks_len - *done;
    size_t wanted = left < READ_STEP ? (size_t)left : READ_STEP;
    enum sidekey_status status;
    size_t len = 0;

    SKP_TRY(read_at(reader->copy->input, reader->plan.chunks_at + *done,
                    reader->piece.bytes, wanted, &len, diag));
    status = sidekey_open_stream_update(reader->stream, reader->piece.bytes,
                                        len, reader->plain.bytes,
                                        reader->plain.cap, &reader->plain.len);
    if (status != SIDEKEY_OK) {
        return fail_stream(status, diag);
    }
    *done += len;
    *ret_is_end = len < wanted || *done == reader->plan.chunks_len;
    return write_plain(reader, diag);
}

static enum skp_err copy_chunks(struct reader *reader, struct skp_diag *diag)
{
    enum sidekey_status status;
    uint64_t done = 0;
    bool is_end = reader->plan.chunks_len == 0;

    while (!is_end) {
        SKP_TRY(copy_piece(reader, &done, &is_end, diag));
    }
    status = sidekey_open_stream_final(reader->stream, reader->plain.bytes,
                                       reader->plain.cap, &reader->plain.len);
    if (status != SIDEKEY_OK) {
        return fail_stream(status, diag);
    }
    return write_plain(reader, diag);
}

static enum skp_err run(struct reader *reader, struct skp_diag *diag)
{
    const struct skc_range_copy *copy = reader->copy;

    SKP_TRY(make_plan(reader, diag));
    SKP_TRY(open_stream(reader, diag));
    skc_cli_progress_begin(copy->progress, copy->cli, SKC_PROGRESS_BYTES,
                           copy->input->name, reader->plan.len);
    SKP_TRY(copy_chunks(reader, diag));
    if (reader->plan.len == 0 && !copy->range.is_suffix) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the plaintext ends at or before byte %" PRIu64,
                        copy->range.at);
    }
    return skc_cli_input_check(copy->input, SKC_SIZE_UNKNOWN, diag);
}

enum skp_err skc_cli_range_copy(const struct skc_range_copy *copy,
                                struct skp_diag *diag)
{
    struct reader reader = { .copy = copy };
    enum skp_err err;

    if (!copy->input->is_regular) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "%s: --range wants a file, to seek in",
                        copy->input->name);
    }
    err = run(&reader, diag);
    sidekey_open_stream_free(&reader.stream);
    skp_secret_done(&reader.piece);
    skp_secret_done(&reader.plain);
    return err;
}
