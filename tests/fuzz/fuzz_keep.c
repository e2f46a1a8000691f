/* fuzz_keep.c - what a former agent left behind: an index, and a page with a
 * header and times.
 *
 * Reaches: agent/store/keep_index.c agent/store/keep_header.c
 * Reaches: agent/store/keep_gone.c agent/store/keep_wire.c
 *
 * An index that is read says the same when it is written and read again, and
 * takes as many bytes as it was announced; one that is refused leaves nothing
 * behind and says why.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/store/keep_header.h"
#include "agent/store/keep_index.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 65536u
#define KEYS_MAX  1024u
#define NOW_MS    UINT64_C(1000000)
#define AT_MODE   12u
#define AT_N_KEYS 20u

static enum skp_err read_index(struct skp_view input,
                               uint8_t mode,
                               size_t n_keys,
                               struct skd_snapshot **ret)
{
    const struct skd_keep_expected expected = { mode, NOW_MS };
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err;

    ck_assert_int_eq(skd_arena_new(n_keys, &arena, &diag), SKP_ERR_OK);
    err = skd_keep_index_read(input, &expected, &arena, ret, &diag);
    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_eq(err != SKP_ERR_OK, diag.text[0] != '\0');
    ck_assert(arena == NULL);
    return err;
}

/* What was read is written, and read and written once more. */
static void check_again(const struct skd_snapshot *snapshot, uint8_t mode)
{
    size_t len = skd_keep_index_len(snapshot);
    uint8_t *first = malloc(len);
    uint8_t *second = malloc(len);
    struct skp_buf out = skp_buf_over(first, len);
    struct skd_snapshot *again = NULL;

    ck_assert(first != NULL && second != NULL);
    ck_assert_int_eq(skd_keep_index_write(snapshot, mode, &out), SKP_ERR_OK);
    ck_assert_uint_eq(out.len, len);
    ck_assert_int_eq(read_index((struct skp_view){ first, len }, mode,
                                skd_snapshot_n_keys(snapshot), &again),
                     SKP_ERR_OK);
    out = skp_buf_over(second, len);
    ck_assert_int_eq(skd_keep_index_write(again, mode, &out), SKP_ERR_OK);
    ck_assert(out.len == len && memcmp(first, second, len) == 0);
    skd_snapshot_unref(&again);
    free(first);
    free(second);
}

/* A header that was read says the same when it is written and read again. */
static void check_header_again(const struct skd_keep_header *header)
{
    uint8_t page[SKD_KEEP_HEADER_LEN] = { 0 };
    struct skd_keep_header again = { .sequence = 42 };
    struct skp_diag diag = { "" };

    skd_keep_header_write(header, page);
    ck_assert_int_eq(skd_keep_header_read(page, &again, &diag), SKP_ERR_OK);
    ck_assert(memcmp(header, &again, sizeof again) == 0);
}

/* The first page of an arena. */
static void check_header(struct skp_view input)
{
    uint8_t page[SKD_KEEP_HEADER_LEN] = { 0 };
    struct skd_keep_header header = { .sequence = 42 };
    struct skd_keep_times times = { 42, 42 };
    struct skp_diag diag = { "" };

    memcpy(page, input.ptr, input.len < sizeof page ? input.len : sizeof page);
    if (skd_keep_header_read(page, &header, &diag) != SKP_ERR_OK) {
        ck_assert(header.sequence == 42 && diag.text[0] != '\0');
    } else {
        check_header_again(&header);
    }
    if (!skd_keep_times_read(page, &times)) {
        ck_assert(times.confirmed_ms == 42);
    }
    times = (struct skd_keep_times){ 7, 8 };
    skd_keep_times_write(&times, page);
    times = (struct skd_keep_times){ 0, 0 };
    ck_assert(skd_keep_times_read(page, &times));
}

void skt_fuzz_keep(struct skp_view input)
{
    struct skd_snapshot *snapshot = NULL;
    size_t n_keys = 0;
    uint8_t mode = 0;

    if (input.len == 0 || input.len > INPUT_MAX) {
        return;
    }
    check_header(input);
    /* The arena that goes with it, as far as it is said. */
    if (input.len >= AT_N_KEYS + 4) {
        mode = input.ptr[AT_MODE];
        n_keys = (size_t)skd_keep_number_read(input.ptr + AT_N_KEYS, 4);
    }
    if (n_keys > KEYS_MAX) {
        n_keys = KEYS_MAX;
    }
    if (read_index(input, mode, n_keys, &snapshot) == SKP_ERR_OK) {
        check_again(snapshot, mode);
        skd_snapshot_unref(&snapshot);
    }
    ck_assert(snapshot == NULL);
}

SKT_FUZZ_DOOR(keep)
