/* test_keep_header.c - suite of agent/store/keep_header.c: every bit counts,
 * and a writer may die at any byte. */
#include <string.h>

#include "agent/store/keep_header.h"
#include "tests/lib/suite.h"

#define HASHED   112u /* bytes before the header's own hash, see KEEP.md */
#define AT_TIMES 144u

static const struct skd_keep_header sample = {
    .sequence = UINT64_C(0x0102030405060708),
    .n_slots = 3,
    .boot = { 1, 2, 3 },
    .index_hash = { 4, 5, 6 },
    .slots_hash = { 7, 8, 9 },
};

static void same_header(const struct skd_keep_header *got)
{
    ck_assert_uint_eq(got->sequence, sample.sequence);
    ck_assert_uint_eq(got->n_slots, sample.n_slots);
    ck_assert_mem_eq(got->boot, sample.boot, sizeof sample.boot);
    ck_assert_mem_eq(got->index_hash, sample.index_hash, SKP_SHA256_LEN);
    ck_assert_mem_eq(got->slots_hash, sample.slots_hash, SKP_SHA256_LEN);
}

START_TEST(a_header_comes_back_as_it_was)
{
    uint8_t page[SKD_KEEP_HEADER_LEN];
    struct skd_keep_header got;
    struct skp_diag diag = { "" };

    memset(page, 0xff, sizeof page);
    skd_keep_header_write(&sample, page);
    skt_ok(skd_keep_header_read(page, &got, &diag));
    same_header(&got);
}
END_TEST

START_TEST(the_layout_is_that_of_the_document)
{
    uint8_t page[SKD_KEEP_HEADER_LEN];

    skd_keep_header_write(&sample, page);
    skt_bytes_eq((struct skp_view){ page, 36 }, skt_hex("534b444152454e41"
                                                        "02000000"
                                                        "00000000"
                                                        "0807060504030201"
                                                        "0300000000000000"
                                                        "01020300"));
    skt_bytes_eq((struct skp_view){ page + 48, 4 }, skt_hex("04050600"));
    skt_bytes_eq((struct skp_view){ page + 80, 4 }, skt_hex("07080900"));
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    uint8_t page[SKD_KEEP_HEADER_LEN];
    struct skd_keep_header got;
    struct skp_diag diag = { "" };

    skd_keep_header_write(&sample, page);
    for (size_t bit = 0; bit < 8 * (HASHED + SKP_SHA256_LEN); bit++) {
        page[bit / 8] = (uint8_t)(page[bit / 8] ^ 1u << bit % 8);
        skt_err(skd_keep_header_read(page, &got, &diag),
                SKP_ERR_FAILED_PRECONDITION);
        page[bit / 8] = (uint8_t)(page[bit / 8] ^ 1u << bit % 8);
    }
    skt_ok(skd_keep_header_read(page, &got, &diag));
}
END_TEST

START_TEST(another_version_is_named)
{
    uint8_t page[SKD_KEEP_HEADER_LEN];
    struct skd_keep_header got;
    struct skp_diag diag = { "" };

    skd_keep_header_write(&sample, page);
    page[8]++;
    skt_err(skd_keep_header_read(page, &got, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "the layout has version 3, this agent knows 2");
}
END_TEST

START_TEST(a_void_header_is_no_header)
{
    static const uint8_t zero[SKD_KEEP_HEADER_LEN] = { 0 };
    uint8_t page[SKD_KEEP_HEADER_LEN];
    struct skd_keep_header got;
    struct skp_diag diag = { "" };

    skd_keep_header_write(&sample, page);
    skd_keep_header_void(page);
    skt_err(skd_keep_header_read(page, &got, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "the header is void");
    ck_assert_mem_eq(page, zero, sizeof zero);
}
END_TEST

START_TEST(times_come_back_newest_first)
{
    uint8_t page[SKD_KEEP_HEADER_LEN];
    struct skd_keep_times times;

    skd_keep_header_write(&sample, page);
    ck_assert(!skd_keep_times_read(page, &times));
    for (uint64_t i = 1; i <= 5; i++) {
        const struct skd_keep_times now = { 1000 * i, -(int64_t)i };

        skd_keep_times_write(&now, page);
        ck_assert(skd_keep_times_read(page, &times));
        ck_assert_uint_eq(times.confirmed_ms, 1000 * i);
        ck_assert_int_eq(times.confirmed_at_s, -(int64_t)i);
    }
    /* Another owner of the page begins anew. */
    skd_keep_header_write(&sample, page);
    ck_assert(!skd_keep_times_read(page, &times));
}
END_TEST

START_TEST(a_writer_that_dies_leaves_the_old_times_or_the_new)
{
    const struct skd_keep_times old = { 1000, 1 };
    const struct skd_keep_times new = { 2000, 2 };
    uint8_t before[SKD_KEEP_HEADER_LEN];
    uint8_t after[SKD_KEEP_HEADER_LEN];
    unsigned n_new = 0;

    skd_keep_header_write(&sample, before);
    skd_keep_times_write(&old, before);
    memcpy(after, before, sizeof after);
    skd_keep_times_write(&new, after);
    /* Any set of bytes may have arrived; these are 4096 of them. */
    for (uint32_t seed = 1; seed <= 4096; seed++) {
        uint8_t page[SKD_KEEP_HEADER_LEN];
        struct skd_keep_times got;
        uint32_t dice = seed * 2654435761u;

        memcpy(page, before, sizeof page);
        for (size_t i = AT_TIMES; i < SKD_KEEP_HEADER_LEN; i++) {
            dice = dice * 1664525u + 1013904223u;
            if (seed == 4096 || dice >> 31 != 0) {
                page[i] = after[i];
            }
        }
        ck_assert(skd_keep_times_read(page, &got));
        ck_assert(got.confirmed_ms == 1000 || got.confirmed_ms == 2000);
        ck_assert_int_eq(got.confirmed_at_s, (int64_t)got.confirmed_ms / 1000);
        n_new += got.confirmed_ms == 2000;
    }
    ck_assert_uint_ge(n_new, 1);
}
END_TEST

SKT_SUITE("keep_header",
          a_header_comes_back_as_it_was,
          the_layout_is_that_of_the_document,
          every_flipped_bit_is_noticed,
          another_version_is_named,
          a_void_header_is_no_header,
          times_come_back_newest_first,
          a_writer_that_dies_leaves_the_old_times_or_the_new)
