/* fuzz_ttlv.c - the encoding that KMIP messages are in, and its writer.
 *
 * Reaches: agent/source/kmip/ttlv.c
 *
 * The encoding has one form for each value: what the check lets through must
 * come out of the writer as the same bytes, and no cut of it is good unless it
 * ends between two outermost items.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/ttlv.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 16384u

static void copy_scalar(struct skd_ttlv_writer *w, const struct skd_ttlv *item)
{
    switch (item->type) {
    case SKD_TTLV_INTEGER:
        skd_ttlv_put_int(w, item->tag, skd_ttlv_int(item));
        break;
    case SKD_TTLV_LONG_INTEGER:
        skd_ttlv_put_long(w, item->tag, skd_ttlv_long(item));
        break;
    case SKD_TTLV_BIG_INTEGER:
        skd_ttlv_put_big(w, item->tag, item->value);
        break;
    case SKD_TTLV_ENUMERATION:
        skd_ttlv_put_enum(w, item->tag, skd_ttlv_enum(item));
        break;
    case SKD_TTLV_BOOLEAN:
        skd_ttlv_put_bool(w, item->tag, skd_ttlv_bool(item));
        break;
    case SKD_TTLV_TEXT:
        (void)skd_ttlv_is_clean_text(item->value);
        skd_ttlv_put_text(w, item->tag, item->value);
        break;
    case SKD_TTLV_BYTES:
        skd_ttlv_put_bytes(w, item->tag, item->value);
        break;
    case SKD_TTLV_DATE_TIME:
        skd_ttlv_put_date(w, item->tag, skd_ttlv_long(item));
        break;
    case SKD_TTLV_INTERVAL:
        skd_ttlv_put_interval(w, item->tag, skd_ttlv_enum(item));
        break;
    case SKD_TTLV_STRUCTURE:
    default:
        ck_abort_msg("an item of a type that is none");
    }
}

/* The finder of a type finds what the general one does. */
static void check_find_typed(struct skp_view parent,
                             const struct skd_ttlv *item,
                             enum skp_err expected)
{
    struct skp_view view = { NULL, 0 };
    int32_t number = 0;
    uint32_t choice = 0;

    switch (item->type) {
    case SKD_TTLV_STRUCTURE:
        ck_assert_int_eq(skd_ttlv_find_structure(parent, item->tag, &view),
                         expected);
        break;
    case SKD_TTLV_TEXT:
        ck_assert_int_eq(skd_ttlv_find_text(parent, item->tag, &view),
                         expected);
        break;
    case SKD_TTLV_BYTES:
        ck_assert_int_eq(skd_ttlv_find_bytes(parent, item->tag, &view),
                         expected);
        break;
    case SKD_TTLV_INTEGER:
        ck_assert_int_eq(skd_ttlv_find_int(parent, item->tag, &number),
                         expected);
        ck_assert(expected != SKP_ERR_OK || number == skd_ttlv_int(item));
        return;
    case SKD_TTLV_ENUMERATION:
        ck_assert_int_eq(skd_ttlv_find_enum(parent, item->tag, &choice),
                         expected);
        ck_assert(expected != SKP_ERR_OK || choice == skd_ttlv_enum(item));
        return;
    case SKD_TTLV_LONG_INTEGER:
    case SKD_TTLV_BIG_INTEGER:
    case SKD_TTLV_BOOLEAN:
    case SKD_TTLV_DATE_TIME:
    case SKD_TTLV_INTERVAL:
    default:
        return;
    }
    ck_assert(expected != SKP_ERR_OK || view.ptr == item->value.ptr);
}

/* What can be asked about one item among its siblings. */
static void check_find(struct skp_view parent, const struct skd_ttlv *item)
{
    struct skd_ttlv found;
    size_t count = skd_ttlv_count(parent, item->tag);
    enum skp_err err = skd_ttlv_find(parent, item->tag, item->type, &found);

    ck_assert_uint_ge(count, 1);
    ck_assert_int_eq(err, count == 1 ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
    ck_assert(err != SKP_ERR_OK || found.value.ptr == item->value.ptr);
    check_find_typed(parent, item, err);
    err = skd_ttlv_find(parent, item->tag ^ 0x10000u, item->type, &found);
    ck_assert(err != SKP_ERR_OK || found.tag == (item->tag ^ 0x10000u));
}

/* Write all of @message, which has been checked, with a stack of our own. */
static void copy_items(struct skp_view message, struct skd_ttlv_writer *w)
{
    struct skp_view open[SKD_TTLV_DEPTH_MAX + 1] = { message };
    struct skp_view parent[SKD_TTLV_DEPTH_MAX + 1] = { message };
    size_t depth = 1;
    unsigned finds = 0;
    struct skd_ttlv item;

    while (depth > 0) {
        if (open[depth - 1].len == 0) {
            depth--;
            if (depth > 0) {
                skd_ttlv_end(w);
            }
            continue;
        }
        ck_assert_int_eq(skd_ttlv_take(&open[depth - 1], &item), SKP_ERR_OK);
        ck_assert(skt_fuzz_is_within(item.value, message));
        if (finds++ < 64) {
            check_find(parent[depth - 1], &item);
        }
        if (item.type != SKD_TTLV_STRUCTURE) {
            copy_scalar(w, &item);
            continue;
        }
        ck_assert_uint_lt(depth, SKP_ARRAY_LEN(open));
        skd_ttlv_begin(w, item.tag);
        parent[depth] = item.value;
        open[depth++] = item.value;
    }
}

static void check_good(struct skp_view message)
{
    struct skp_secret out = { NULL, 0, 0 };
    struct skd_ttlv_writer w;

    skd_ttlv_start(&w, &out);
    copy_items(message, &w);
    ck_assert_int_eq(skd_ttlv_finish(&w), SKP_ERR_OK);
    ck_assert(skp_view_equal(skp_secret_view(&out), message));
    skp_secret_done(&out);
}

/* No prefix of one whole item is good. */
static void check_cuts(struct skp_view message)
{
    struct skp_view rest = message;
    struct skd_ttlv item;
    size_t first_len;

    ck_assert_int_eq(skd_ttlv_take(&rest, &item), SKP_ERR_OK);
    first_len = message.len - rest.len;
    for (size_t len = 1; len < first_len && len < 600; len++) {
        ck_assert_int_eq(skd_ttlv_check((struct skp_view){ message.ptr, len }),
                         SKP_ERR_INVALID_ARGUMENT);
    }
}

void skt_fuzz_ttlv(struct skp_view input)
{
    struct skp_view rest = input;
    struct skd_ttlv item = { 0, SKD_TTLV_TEXT, { NULL, 0 } };
    enum skp_err err;

    if (input.len > INPUT_MAX) {
        return;
    }
    (void)skd_ttlv_is_clean_text(input);
    (void)skd_ttlv_count(input, 0x42007b);
    if (skd_ttlv_take(&rest, &item) != SKP_ERR_OK) {
        ck_assert(rest.ptr == input.ptr && rest.len == input.len);
        ck_assert_uint_eq(item.tag, 0);
    }
    err = skd_ttlv_check(input);
    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    if (err == SKP_ERR_OK && input.len > 0) {
        check_good(input);
        check_cuts(input);
    }
}

SKT_FUZZ_DOOR(ttlv)
