/* test_keep_index.c - suite of agent/store/keep_index.c: there and back, and
 * every way in which bytes can lie.
 *
 * Also proves: keep_gone.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/keep_index.h"
#include "agent/store/keep_wire.h"
#include "tests/lib/keeping.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define MODE   2
#define NOW_MS 5000u
#define N_KEYS 5u

/* Where things are in the index of skt_keeping_snapshot: KEEP.md. */
#define ROW     32u /* of "zoe" */
#define ROW_LEN 40u

/* The tombstones, the last of which is that of "eve". */
#define GONE_LEN  24u
#define GONE_ALL  (3 * GONE_LEN + 3 + 36 + 3)
#define GONE_LAST (GONE_LEN + 3)

static struct skd_snapshot *snapshot;
static uint8_t bytes[2048];
static size_t len;

static void begin(void)
{
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);

    snapshot = skt_keeping_snapshot();
    skt_ok(skd_keep_index_write(snapshot, MODE, &out));
    len = out.len;
    ck_assert_uint_eq(len, skd_keep_index_len(snapshot));
}

/* Read @n bytes from memory of exactly that size. */
static enum skp_err
read_bytes(size_t n, struct skd_snapshot **ret, struct skp_diag *diag)
{
    const struct skd_keep_expected expected = { MODE, NOW_MS };
    struct skd_arena *arena = skt_keeping_arena(snapshot, N_KEYS);
    uint8_t *copy = malloc(n + 1);
    enum skp_err err;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, n);
    err = skd_keep_index_read((struct skp_view){ copy, n }, &expected, &arena,
                              ret, diag);
    free(copy);
    ck_assert_ptr_null(arena);
    return err;
}

static void is_refused(const char *why)
{
    struct skd_snapshot *got = NULL;
    struct skp_diag diag = { "" };

    skt_err(read_bytes(len, &got, &diag), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, why);
    ck_assert_ptr_null(got);
}

/* Put @value into byte @at, see it refused, and put it back. */
static void refuses_byte(size_t at, uint8_t value, const char *why)
{
    uint8_t before = bytes[at];

    bytes[at] = value;
    is_refused(why);
    bytes[at] = before;
}

static void end(void)
{
    skd_snapshot_unref(&snapshot);
    ck_assert_uint_eq(skd_arena_held(), 0);
}

START_TEST(a_snapshot_comes_back_as_it_was)
{
    struct skd_snapshot *got = NULL;
    struct skp_diag diag = { "" };

    begin();
    skt_ok(read_bytes(len, &got, &diag));
    skt_keeping_same(snapshot, got);
    skd_snapshot_unref(&got);
    end();
}
END_TEST

START_TEST(the_times_written_are_those_last_confirmed)
{
    struct skd_snapshot *got = NULL;
    struct skd_snapshot *confirmed = NULL;
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_diag diag = { "" };

    begin();
    skt_ok(skd_snapshot_confirm(snapshot, 4000, 4, &confirmed));
    skt_ok(skd_keep_index_write(confirmed, MODE, &out));
    skt_ok(read_bytes(out.len, &got, &diag));
    skt_keeping_same(confirmed, got);
    ck_assert_uint_eq(skd_snapshot_find(got, skp_view_of("zoe"))->confirmed_ms,
                      4000);
    skd_snapshot_unref(&got);
    skd_snapshot_unref(&confirmed);
    end();
}
END_TEST

/* A single-key snapshot of @n tenants, one or none. */
static struct skd_snapshot *make_single(size_t n)
{
    const struct skd_tenant tenant = {
        .id = "*", .id_len = 1, .use = SKD_USE_ALL, .last_generation = 1
    };
    struct skt_key bytes_of = skt_key_number(1);
    const struct skd_key key = { bytes_of.private_key, bytes_of.public_key,
                                 bytes_of.key_id, 1 };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *made = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(n, n, true, &builder, &diag));
    if (n > 0) {
        skt_ok(skd_builder_add_tenant(builder, &tenant));
        skt_ok(skd_builder_add_key(builder, &key));
    }
    skt_ok(skd_builder_finish(&builder, &made));
    return made;
}

START_TEST(a_single_key_and_no_tenants_come_back_too)
{
    for (size_t n = 0; n < 2; n++) {
        const struct skd_keep_expected expected = { MODE, NOW_MS };
        struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
        struct skd_snapshot *got = NULL;
        struct skd_arena *arena;
        struct skp_diag diag = { "" };

        snapshot = make_single(n);
        skt_ok(skd_keep_index_write(snapshot, MODE, &out));
        arena = skt_keeping_arena(snapshot, n);
        skt_ok(skd_keep_index_read((struct skp_view){ bytes, out.len },
                                   &expected, &arena, &got, &diag));
        skt_keeping_same(snapshot, got);
        skd_snapshot_unref(&got);
        end();
    }
}
END_TEST

/* The one tenant is found under every id, and is not the one that is gone. */
START_TEST(a_single_key_may_have_tombstones_beside_it)
{
    const struct skd_tombstone gone = { .id = "eve", .id_len = 3 };
    const struct skd_tenant tenant = { .id = "*", .id_len = 1 };
    const struct skd_keep_expected expected = { MODE, NOW_MS };
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skd_builder *builder = NULL;
    struct skd_snapshot *got = NULL;
    struct skd_arena *arena;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(1, 0, true, &builder, &diag));
    skt_ok(skd_builder_add_tenant(builder, &tenant));
    skt_ok(skd_tombstones_reserve(skd_builder_tombstones(builder), 1));
    skt_ok(skd_tombstones_add(skd_builder_tombstones(builder), &gone));
    skt_ok(skd_builder_finish(&builder, &snapshot));
    skt_ok(skd_keep_index_write(snapshot, MODE, &out));
    arena = skt_keeping_arena(snapshot, 0);
    skt_ok(skd_keep_index_read((struct skp_view){ bytes, out.len }, &expected,
                               &arena, &got, &diag));
    skt_keeping_same(snapshot, got);
    skd_snapshot_unref(&got);
    end();
}
END_TEST

START_TEST(every_cut_is_refused)
{
    begin();
    for (size_t n = 0; n < len; n++) {
        struct skd_snapshot *got = NULL;
        struct skp_diag diag = { "" };

        skt_err(read_bytes(n, &got, &diag), SKP_ERR_FAILED_PRECONDITION);
        ck_assert_ptr_null(got);
    }
    bytes[len++] = 0;
    is_refused("the index has more, or fewer, bytes than it announces");
    end();
}
END_TEST

START_TEST(no_flipped_bit_breaks_the_reader)
{
    begin();
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct skd_snapshot *got = NULL;
        struct skp_diag diag = { "" };
        enum skp_err err;

        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        err = read_bytes(len, &got, &diag);
        ck_assert_int_eq(err == SKP_ERR_OK, got != NULL);
        ck_assert(err == SKP_ERR_OK || err == SKP_ERR_FAILED_PRECONDITION);
        skd_snapshot_unref(&got);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
    }
    end();
}
END_TEST

START_TEST(a_strange_head_is_refused)
{
    begin();
    refuses_byte(0, 's', "the index is none");
    refuses_byte(8, 1, "the index has another version");
    refuses_byte(12, MODE + 1, "the index was made in another crypto.mode");
    refuses_byte(13, 2, "the index has a value out of its range");
    refuses_byte(13, 1, "the index has a value out of its range");
    refuses_byte(14, 1, "the index has a value out of its range");
    refuses_byte(31, 1, "the index has a value out of its range");
    refuses_byte(18, 1, "the index announces more than it has");
    refuses_byte(23, 255, "the index announces more than it has");
    refuses_byte(20, 4, "the index is not that of these keys");
    end();
}
END_TEST

START_TEST(a_value_that_this_agent_never_writes_is_refused)
{
    begin();
    refuses_byte(ROW + 1, 3, "the index has a value out of its range");
    refuses_byte(ROW + 2, SKP_ORIGIN_COUNT,
                 "the index has a value out of its range");
    refuses_byte(ROW + 3, 4, "the index has a value out of its range");
    refuses_byte(ROW + 4, 2, "the index has a value out of its range");
    refuses_byte(ROW + 12, 2, "the index has a value out of its range");
    refuses_byte(ROW + 13, 1, "the index has a value out of its range");
    refuses_byte(ROW + 32, 2, "the index has a value out of its range");
    refuses_byte(ROW + ROW_LEN, ' ', "the index has a text that is none");
    refuses_byte(ROW, 0, "the index has a text that is none");
    refuses_byte(ROW + 7, 255, "the index has a value out of its range");
    end();
}
END_TEST

START_TEST(a_confirmation_from_the_future_is_refused)
{
    begin();
    skd_keep_number_write(NOW_MS, 8, bytes + ROW + 16);
    skd_keep_number_write(NOW_MS + 1, 8, bytes + ROW + 16);
    is_refused("the index has a value out of its range");
    end();
}
END_TEST

START_TEST(two_tenants_of_one_id_are_refused)
{
    /* "ada" follows the three keys of "zoe". */
    size_t ada = ROW + ROW_LEN + 3 + 3 * 48 + ROW_LEN;

    begin();
    ck_assert_mem_eq(bytes + ada, "ada", 3);
    memcpy(bytes + ada, "zoe", 3);
    is_refused("the index has a tenant twice");
    end();
}
END_TEST

START_TEST(a_strange_tombstone_is_refused)
{
    size_t first;
    size_t last;

    begin();
    first = len - GONE_ALL;
    last = len - GONE_LAST;
    ck_assert_mem_eq(bytes + first + GONE_LEN, "zed", 3);
    ck_assert_mem_eq(bytes + last + GONE_LEN, "eve", 3);
    refuses_byte(24, 2,
                 "the index has more, or fewer, bytes than it announces");
    refuses_byte(24, 4, "the index ends within a tombstone");
    refuses_byte(24, 255, "the index announces more than it has");
    refuses_byte(25, 17, "the index has a value out of its range");
    refuses_byte(first + 1, SKD_GONE_DESTROYED + 1,
                 "the index has a value out of its range");
    refuses_byte(first + 2, 1, "the index has a value out of its range");
    refuses_byte(first + 7, 1, "the index has a value out of its range");
    refuses_byte(first + GONE_LEN, ' ', "the index has a text that is none");
    refuses_byte(last, 0, "the index has a text that is none");
    refuses_byte(last, 4, "the index ends within a tombstone");
    end();
}
END_TEST

START_TEST(two_tombstones_of_one_id_are_refused)
{
    begin();
    memcpy(bytes + len - 3, "zed", 3);
    is_refused("the index has a tombstone twice");
    end();
}
END_TEST

START_TEST(a_tombstone_of_a_tenant_that_is_there_is_refused)
{
    begin();
    memcpy(bytes + len - 3, "zoe", 3);
    is_refused("the index has a tombstone of a tenant that it has");
    end();
}
END_TEST

/* A snapshot of nobody, with @n tombstones. */
static struct skd_snapshot *make_graves(size_t n)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *made = NULL;
    struct skp_diag diag = { "" };
    struct skd_tombstones *to;

    skt_ok(skd_builder_new(0, 0, false, &builder, &diag));
    to = skd_builder_tombstones(builder);
    skt_ok(skd_tombstones_reserve(to, n));
    for (size_t i = 0; i < n; i++) {
        char id[8];
        int id_len = snprintf(id, sizeof id, "t%05zu", n - i);
        const struct skd_tombstone tombstone = { .id = id,
                                                 .id_len = (uint8_t)id_len };

        skt_ok(skd_tombstones_add(to, &tombstone));
    }
    skt_ok(skd_builder_finish(&builder, &made));
    return made;
}

START_TEST(as_many_tombstones_as_there_may_be_come_back_and_no_more)
{
    for (size_t n = SKD_TOMBSTONES_MAX; n < SKD_TOMBSTONES_MAX + 2; n++) {
        const struct skd_keep_expected expected = { MODE, NOW_MS };
        static uint8_t many[(SKD_TOMBSTONES_MAX + 3) * (GONE_LEN + 6)];
        struct skp_buf out = skp_buf_over(many, sizeof many);
        struct skd_snapshot *got = NULL;
        struct skd_arena *arena;
        struct skp_diag diag = { "" };
        enum skp_err err;

        snapshot = make_graves(n);
        skt_ok(skd_keep_index_write(snapshot, MODE, &out));
        ck_assert_uint_eq(out.len, skd_keep_index_len(snapshot));
        arena = skt_keeping_arena(snapshot, 0);
        err = skd_keep_index_read((struct skp_view){ many, out.len }, &expected,
                                  &arena, &got, &diag);
        if (n == SKD_TOMBSTONES_MAX) {
            skt_ok(err);
            skt_keeping_same(snapshot, got);
        } else {
            skt_err(err, SKP_ERR_FAILED_PRECONDITION);
            ck_assert_str_eq(diag.text,
                             "the index has a value out of its range");
        }
        skd_snapshot_unref(&got);
        end();
    }
}
END_TEST

START_TEST(keys_beyond_those_announced_are_refused)
{
    begin();
    refuses_byte(ROW + 8, 9, "the index has a value out of its range");
    refuses_byte(ROW + 8, 2, "the index has a value out of its range");
    /* Five keys are there, and a sixth is taken from the next tenant's row. */
    skd_keep_number_write(UINT64_MAX, 8, bytes + ROW + 32);
    refuses_byte(ROW + 8, 4, "the index has a value out of its range");
    refuses_byte(ROW + 10, 1, "the index ends within a key");
    end();
}
END_TEST

SKT_SUITE("keep_index",
          a_snapshot_comes_back_as_it_was,
          the_times_written_are_those_last_confirmed,
          a_single_key_and_no_tenants_come_back_too,
          a_single_key_may_have_tombstones_beside_it,
          every_cut_is_refused,
          no_flipped_bit_breaks_the_reader,
          a_strange_head_is_refused,
          a_value_that_this_agent_never_writes_is_refused,
          a_confirmation_from_the_future_is_refused,
          two_tenants_of_one_id_are_refused,
          a_strange_tombstone_is_refused,
          two_tombstones_of_one_id_are_refused,
          a_tombstone_of_a_tenant_that_is_there_is_refused,
          as_many_tombstones_as_there_may_be_come_back_and_no_more,
          keys_beyond_those_announced_are_refused)
