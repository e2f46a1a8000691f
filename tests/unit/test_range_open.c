/* test_range_open.c - bytes out of envelopes, given head and chunks only. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/envelopes.h"
#include "tests/lib/streams.h"
#include "tests/lib/suite.h"

#define SUITE_2 SIDEKEY_SUITE_X25519_HPKE_AES256GCM
#define UNKNOWN SIDEKEY_SIZE_UNKNOWN

static uint8_t plain[SKT_ENVELOPE_MAX];
static uint8_t sealed[SKT_ENVELOPE_MAX];
static size_t sealed_len;
static struct sidekey_data_key data_key;

static const struct sidekey_options suite_2 = { .aad = (const uint8_t *)"v7",
                                                .aad_len = 2 };
static const struct sidekey_options suite_1 = {
    .suite = SIDEKEY_SUITE_X25519_AES256CTR
};
static const struct sidekey_options raw = { .raw = true };

static void seal(const struct sidekey_options *options, size_t len)
{
    struct skp_buf buf = skp_buf_over(sealed, sizeof sealed);

    skt_plaintext(plain, len);
    skt_stream_seal(options, (struct skp_view){ plain, len }, &buf);
    sealed_len = buf.len;
    data_key = skt_stream_unwrap(sealed, options->raw);
}

static struct sidekey_range_plan plan_of(const struct sidekey_options *options,
                                         uint64_t envelope_len,
                                         struct sidekey_range range)
{
    struct sidekey_range_plan plan;

    skt_status_ok(sidekey_range_plan(options->suite, options->raw, envelope_len,
                                     &range, &plan));
    return plan;
}

/* What a store answers: as much of the plan as there is, in memory of exactly
 * that length. */
static struct sidekey_range_bytes fetch(const struct sidekey_range_plan *plan)
{
    uint64_t left =
        sealed_len < plan->chunks_at ? 0 : sealed_len - plan->chunks_at;
    size_t chunks_len =
        (size_t)(plan->chunks_len < left ? plan->chunks_len : left);
    size_t head_len =
        sealed_len < plan->head_len ? sealed_len : (size_t)plan->head_len;
    uint8_t *head = malloc(head_len + 1);
    uint8_t *chunks = malloc(chunks_len + 1);

    ck_assert(head != NULL && chunks != NULL);
    memcpy(head, sealed, head_len);
    memcpy(chunks, sealed + plan->chunks_at, chunks_len);
    return (struct sidekey_range_bytes){ head, head_len, chunks, chunks_len };
}

static void drop(const struct sidekey_range_bytes *fetched)
{
    free((void *)(uintptr_t)fetched->head);
    free((void *)(uintptr_t)fetched->chunks);
}

/* Open by @plan; on success the bytes must be those of the plaintext at the
 * plan's place. */
static enum sidekey_status open_plan(const struct sidekey_options *options,
                                     const struct sidekey_range_plan *plan,
                                     size_t *ret_len)
{
    struct sidekey_range_bytes fetched = fetch(plan);
    size_t room = (size_t)(plan->len < sizeof plain ? plan->len : sizeof plain);
    uint8_t *out = malloc(room + 1);
    size_t len = SIZE_MAX;
    enum sidekey_status status;

    ck_assert_ptr_nonnull(out);
    memset(out, SKT_UNTOUCHED, room + 1);
    status =
        sidekey_range_open(&data_key, plan, options, &fetched, out, room, &len);
    ck_assert_uint_eq(out[room], SKT_UNTOUCHED);
    if (status == SIDEKEY_OK) {
        ck_assert_int_eq(memcmp(out, plain + plan->at, len), 0);
        *ret_len = len;
    } else {
        ck_assert_uint_eq(len, SIZE_MAX);
        ck_assert(skt_is_blank(out, room));
    }
    free(out);
    drop(&fetched);
    return status;
}

static void gives(const struct sidekey_options *options,
                  uint64_t envelope_len,
                  struct sidekey_range range,
                  size_t expected)
{
    struct sidekey_range_plan plan = plan_of(options, envelope_len, range);
    size_t len = 0;

    skt_status_ok(open_plan(options, &plan, &len));
    ck_assert_uint_eq(len, expected);
}

static size_t clamp(size_t at, size_t len, size_t all)
{
    if (at >= all) {
        return 0;
    }
    return len < all - at ? len : all - at;
}

/* Every place around the borders of the first chunks and of the last, with
 * lengths around those of chunks. */
static void slices(const struct sidekey_options *options, size_t all)
{
    static const size_t lens[] = { 0, 1, 15, 16383, 16384, 16385, 33000 };
    const size_t places[] = {
        0,
        1,
        100,
        16383,
        16384,
        16385,
        32767,
        32768,
        all / 2,
        all - 1,
        all / 16384 * 16384,
        all,
        all + 5,
    };

    seal(options, all);
    for (size_t i = 0; i < SKP_ARRAY_LEN(places); i++) {
        /* Of an empty plaintext all - 1 is the last place there is. */
        size_t at = places[i];

        if (all > 100000 && at > 1 && at < 32768) {
            continue; /* the same as with fewer chunks behind them */
        }
        for (size_t k = 0; k < SKP_ARRAY_LEN(lens); k++) {
            struct sidekey_range range = { at, lens[k], false };
            size_t expected = clamp(at, lens[k], all);

            gives(options, sealed_len, range, expected);
            if (at + lens[k] < all) {
                gives(options, UNKNOWN, range, expected);
            }
            range.is_suffix = true;
            gives(options, sealed_len, range, lens[k] < all ? lens[k] : all);
        }
        gives(options, sealed_len,
              (struct sidekey_range){ at, SIDEKEY_TO_END, false },
              clamp(at, SIZE_MAX, all));
        if (at < all) {
            gives(options, UNKNOWN,
                  (struct sidekey_range){ at, SIDEKEY_TO_END, false },
                  clamp(at, SIZE_MAX, all));
        }
    }
}

START_TEST(ranges_of_suite_2_are_slices_of_the_whole)
{
    for (size_t i = 0; i < skt_n_edge_lens; i++) {
        slices(&suite_2, skt_edge_lens[i]);
    }
}
END_TEST

START_TEST(ranges_of_suite_1_are_slices_of_the_whole)
{
    for (size_t i = 0; i < skt_n_edge_lens; i++) {
        slices(i % 2 == 0 ? &suite_1 : &raw, skt_edge_lens[i]);
    }
}
END_TEST

START_TEST(random_ranges_are_slices_of_the_whole)
{
    struct skt_dice dice = skt_dice(3);

    seal(&suite_2, 70000);
    for (size_t i = 0; i < 200; i++) {
        size_t at = (size_t)skt_roll(&dice, 70000);
        size_t len = (size_t)skt_roll(&dice, 40000);

        gives(&suite_2, sealed_len, (struct sidekey_range){ at, len, false },
              clamp(at, len, 70000));
    }
}
END_TEST

START_TEST(a_range_is_read_as_a_stream_in_any_pieces)
{
    static uint8_t out[SKT_ENVELOPE_MAX];
    struct sidekey_range_plan plan;

    seal(&suite_2, 100000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 16000, 50000, false });
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct sidekey_range_bytes fetched = fetch(&plan);
        struct sidekey_open_stream *stream = NULL;
        struct skp_buf buf = skp_buf_over(out, sizeof out);
        struct skt_dice dice = skt_dice(seed);
        uint64_t proven = 0;

        skt_status_ok(sidekey_range_new(&data_key, &plan, &suite_2,
                                        fetched.head, fetched.head_len,
                                        &stream));
        skt_status_ok(skt_stream_pull(
            stream, (struct skp_view){ fetched.chunks, fetched.chunks_len },
            &dice, &buf));
        ck_assert_uint_eq(buf.len, 50000);
        ck_assert_int_eq(memcmp(out, plain + 16000, 50000), 0);
        ck_assert(!sidekey_open_stream_length(stream, &proven));
        sidekey_open_stream_free(&stream);
        drop(&fetched);
    }
}
END_TEST

START_TEST(a_suffix_proves_the_length_of_the_whole)
{
    struct sidekey_open_stream *stream = NULL;
    struct sidekey_range_plan plan;
    uint8_t out[100];
    uint64_t proven = 0;
    size_t len = 0;

    seal(&suite_2, 50000);
    plan = plan_of(&suite_2, sealed_len, (struct sidekey_range){ 0, 5, true });
    skt_status_ok(
        sidekey_range_new(&data_key, &plan, &suite_2, sealed, 152, &stream));
    skt_status_ok(sidekey_open_stream_update(stream, sealed + plan.chunks_at,
                                             (size_t)plan.chunks_len, out,
                                             sizeof out, &len));
    ck_assert(!sidekey_open_stream_length(stream, &proven));
    skt_status_ok(sidekey_open_stream_final(stream, out, sizeof out, &len));
    ck_assert_uint_eq(len, 5);
    ck_assert_int_eq(memcmp(out, plain + 49995, 5), 0);
    ck_assert(sidekey_open_stream_length(stream, &proven));
    ck_assert_uint_eq(proven, 50000);
    sidekey_open_stream_free(&stream);
}
END_TEST

/* By a false length of the envelope, each range that depends on it fails. */
START_TEST(a_false_length_shortens_no_range_unseen)
{
    size_t len = 0;
    const size_t real_len = 100000;

    seal(&suite_2, real_len);
    for (size_t false_len = 0; false_len < 120000; false_len += 4999) {
        const struct sidekey_range to_end = { 10, SIDEKEY_TO_END, false };
        const struct sidekey_range suffix = { 0, 50, true };
        const struct sidekey_range behind = { 119999, 1, false };
        const struct sidekey_range *const all[] = { &to_end, &suffix, &behind };
        uint64_t envelope_len = 0;

        skt_status_ok(
            sidekey_envelope_size(SUITE_2, false, false_len, &envelope_len));
        for (size_t i = 0; i < SKP_ARRAY_LEN(all); i++) {
            struct sidekey_range_plan plan =
                plan_of(&suite_2, envelope_len, *all[i]);

            skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
            ck_assert(sidekey_stream_error_at() >= plan.chunks_at);
        }
    }
    ck_assert_uint_eq(len, 0);
}
END_TEST

/* What the header says that is not proven. */
START_TEST(a_range_before_the_end_does_not_see_a_cut_behind_it)
{
    struct sidekey_range_plan plan;
    size_t len = 0;

    seal(&suite_2, 100000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 100, 20000, false });
    ck_assert(!plan.verifies_end);
    sealed_len = (size_t)(plan.chunks_at + plan.chunks_len);
    skt_status_ok(open_plan(&suite_2, &plan, &len));
    ck_assert_uint_eq(len, 20000);
}
END_TEST

START_TEST(every_change_in_what_is_fetched_is_found)
{
    struct sidekey_range_plan plan;
    size_t len = 0;

    seal(&suite_2, 100000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 33000, 20000, false });
    ck_assert_uint_eq(plan.chunks_at, 152 + 2 * 16400);
    for (size_t i = 96; i < 152 + plan.chunks_len; i += i < 152 ? 1 : 401) {
        size_t at = i < 152 ? i : (size_t)plan.chunks_at + i - 152;
        uint64_t place = i < 152 ? 96 : at - (i - 152) % 16400;

        sealed[at] ^= 4;
        skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
        ck_assert_uint_eq(sidekey_stream_error_at(), place);
        sealed[at] ^= 4;
    }
    skt_status_ok(open_plan(&suite_2, &plan, &len));
}
END_TEST

START_TEST(other_chunks_than_the_planned_are_found)
{
    struct sidekey_range_plan plan;
    size_t len = 0;

    seal(&suite_2, 100000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 33000, 20000, false });
    plan.chunks_at += 16400; /* the next ones, at the place of these */
    skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
    plan.chunks_at -= 2 * 16400;
    skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
}
END_TEST

static enum sidekey_status open_fetched(const struct sidekey_range_plan *plan,
                                        size_t chunks_len)
{
    static uint8_t out[SKT_ENVELOPE_MAX];
    struct sidekey_range_bytes fetched = { sealed, 152,
                                           sealed + plan->chunks_at,
                                           chunks_len };
    size_t len = 0;

    return sidekey_range_open(&data_key, plan, &suite_2, &fetched, out,
                              sizeof out, &len);
}

START_TEST(fewer_or_more_bytes_than_planned_are_found)
{
    struct sidekey_range_plan plan;

    seal(&suite_2, 100000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 33000, 20000, false });
    for (size_t n = 0; n < plan.chunks_len; n += 1025) {
        skt_status(open_fetched(&plan, n), SIDEKEY_DATA_LOSS);
        ck_assert_uint_eq(sidekey_stream_error_at(),
                          plan.chunks_at + n / 16400 * 16400);
    }
    skt_status(open_fetched(&plan, (size_t)plan.chunks_len + 1),
               SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(),
                      plan.chunks_at + plan.chunks_len);
    ck_assert_ptr_nonnull(strstr(sidekey_stream_error_text(), "more bytes"));
    skt_status_ok(open_fetched(&plan, (size_t)plan.chunks_len));
}
END_TEST

START_TEST(of_an_unknown_length_the_rest_must_be_the_last_chunk)
{
    struct sidekey_range_plan plan;
    size_t len = 0;

    seal(&suite_2, 40000);
    plan = plan_of(&suite_2, UNKNOWN,
                   (struct sidekey_range){ 20000, 100000, false });
    skt_status_ok(open_plan(&suite_2, &plan, &len));
    ck_assert_uint_eq(len, 20000);
    /* The store is cut in the last chunk, or before it. */
    for (size_t cut = 152 + 16400; cut < 40200; cut += 1411) {
        sealed_len = cut;
        skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
    }
    sealed_len = 152 + 2 * 16400;
    skt_status(open_plan(&suite_2, &plan, &len), SIDEKEY_DATA_LOSS);
    ck_assert_uint_eq(sidekey_stream_error_at(), sealed_len);
}
END_TEST

START_TEST(too_little_room_is_told)
{
    struct sidekey_range_plan plan;
    uint8_t out[100];
    size_t len = 77;

    seal(&suite_2, 50000);
    plan = plan_of(&suite_2, sealed_len,
                   (struct sidekey_range){ 16380, 50, false });
    {
        struct sidekey_range_bytes fetched = fetch(&plan);

        skt_status(sidekey_range_open(&data_key, &plan, &suite_2, &fetched, out,
                                      49, &len),
                   SIDEKEY_RESOURCE_EXHAUSTED);
        ck_assert_uint_eq(len, 77);
        skt_status_ok(sidekey_range_open(&data_key, &plan, &suite_2, &fetched,
                                         out, 50, &len));
        ck_assert_uint_eq(len, 50);
        drop(&fetched);
    }
}
END_TEST

static void refuses(const struct sidekey_range_plan *plan,
                    const struct sidekey_options *options,
                    size_t head_len,
                    enum sidekey_status expected)
{
    struct sidekey_open_stream *stream = NULL;

    skt_status(
        sidekey_range_new(&data_key, plan, options, sealed, head_len, &stream),
        expected);
    ck_assert_ptr_null(stream);
    ck_assert_str_ne(sidekey_stream_error_text(), "");
}

START_TEST(what_does_not_belong_together_is_refused_at_once)
{
    static const uint8_t long_aad[4097];
    const struct sidekey_range range = { 3, 5, false };
    struct sidekey_options options = { .any_suite = true,
                                       .aad = long_aad,
                                       .aad_len = sizeof long_aad };
    struct sidekey_range_plan plan;
    struct sidekey_range_plan other;

    seal(&suite_2, 100);
    plan = plan_of(&suite_2, sealed_len, range);
    other = plan_of(&suite_1, sealed_len, range);
    refuses(&plan, &suite_2, 151, SIDEKEY_INVALID_ARGUMENT);
    refuses(&plan, &suite_2, 15, SIDEKEY_INVALID_ARGUMENT);
    refuses(&plan, &suite_2, 0, SIDEKEY_INVALID_ARGUMENT);
    refuses(&plan, &suite_1, 152, SIDEKEY_INVALID_ARGUMENT);
    refuses(&other, &suite_2, 152, SIDEKEY_INVALID_ARGUMENT);
    refuses(&plan, &options, 152, SIDEKEY_INVALID_ARGUMENT);
    refuses(&plan, NULL, 152, SIDEKEY_DATA_LOSS); /* without the aad */
    ck_assert_uint_eq(sidekey_stream_error_at(), 96);
    data_key.key[0] ^= 1;
    refuses(&plan, &suite_2, 152, SIDEKEY_DATA_LOSS);
    data_key.key[0] ^= 1;
    /* Relabelled as suite 1, all else as the attacker would like it. */
    sealed[4] = 1;
    refuses(&plan, &suite_2, 152, SIDEKEY_INVALID_ARGUMENT);
    options.aad_len = 0;
    refuses(&other, &options, 152, SIDEKEY_INVALID_ARGUMENT);
}
END_TEST

/* A plan is the caller's memory: a wrong one may fail, and no more. */
START_TEST(a_plan_made_up_does_no_harm)
{
    struct skt_dice dice = skt_dice(11);
    static uint8_t out[SKT_ENVELOPE_MAX];

    seal(&suite_2, 70000);
    for (size_t i = 0; i < 500; i++) {
        struct sidekey_range_plan plan = {
            .head_len = skt_roll(&dice, 200),
            .chunks_at = skt_roll(&dice, UINT64_MAX),
            .chunks_len = skt_roll(&dice, i % 2 == 0 ? UINT64_MAX : 70000),
            .at = skt_roll(&dice, i % 3 == 0 ? UINT64_MAX : 70000),
            .len = skt_roll(&dice, i % 5 == 0 ? UINT64_MAX : 70000),
            .suite = SUITE_2,
            .size_known = skt_roll(&dice, 2) == 0,
            .verifies_end = skt_roll(&dice, 2) == 0,
        };
        uint64_t first = plan.at / 16384;
        size_t from = first < 4 ? 152 + (size_t)first * 16400 : 152;
        struct sidekey_range_bytes fetched = {
            sealed, 152, sealed + from,
            (size_t)skt_roll(&dice, sealed_len - from + 1)
        };
        size_t len = 0;

        if (sidekey_range_open(&data_key, &plan, &suite_2, &fetched, out,
                               sizeof out, &len) == SIDEKEY_OK &&
            len > 0) {
            ck_assert_int_eq(memcmp(out, plain + plan.at, len), 0);
        }
    }
}
END_TEST

static int check_row(const cJSON *json, const cJSON *row)
{
    struct skp_buf buf = skp_buf_over(sealed, sizeof sealed);
    bool is_suite_2 = cJSON_HasObjectItem(row, "data_key");
    struct skp_view aad =
        is_suite_2 ? skt_hex_of(row, "aad") : (struct skp_view){ NULL, 0 };
    struct sidekey_options options = {
        .aad = aad.ptr,
        .aad_len = aad.len,
        .suite = (enum sidekey_suite)skt_envelope_suite(row)
    };
    const cJSON *range;
    int n = 0;

    skt_envelope_build(json, row, &buf);
    sealed_len = buf.len;
    data_key.suite = options.suite;
    memcpy(data_key.key,
           skt_hex_of(row, is_suite_2 ? "data_key" : "stream_key").ptr,
           sizeof data_key.key);
    skt_plaintext(plain, (size_t)skt_number(row, "length"));
    cJSON_ArrayForEach(range, cJSON_GetObjectItem(row, "ranges"))
    {
        struct sidekey_range asked = { (uint64_t)skt_number(range, "offset"),
                                       (uint64_t)skt_number(range, "length"),
                                       false };

        gives(&options, sealed_len, asked, (size_t)asked.len);
        skt_sha256_is((struct skp_view){ plain + asked.at, (size_t)asked.len },
                      skt_text(range, "sha256"));
        n++;
    }
    return n;
}

START_TEST(every_shared_golden_range_is_read)
{
    const cJSON *json = skt_shared_json("vectors/envelope.json");
    const cJSON *row;
    int n = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(row, skt_member(json, "suite1"))
    {
        n += cJSON_HasObjectItem(row, "ranges") ? check_row(json, row) : 0;
    }
    cJSON_ArrayForEach(row, skt_member(json, "suite2"))
    {
        n += cJSON_HasObjectItem(row, "ranges") ? check_row(json, row) : 0;
    }
    ck_assert_int_eq(n, 39);
}
END_TEST

SKT_SUITE("range_open",
          ranges_of_suite_2_are_slices_of_the_whole,
          ranges_of_suite_1_are_slices_of_the_whole,
          random_ranges_are_slices_of_the_whole,
          a_range_is_read_as_a_stream_in_any_pieces,
          a_suffix_proves_the_length_of_the_whole,
          a_false_length_shortens_no_range_unseen,
          a_range_before_the_end_does_not_see_a_cut_behind_it,
          every_change_in_what_is_fetched_is_found,
          other_chunks_than_the_planned_are_found,
          fewer_or_more_bytes_than_planned_are_found,
          of_an_unknown_length_the_rest_must_be_the_last_chunk,
          too_little_room_is_told,
          what_does_not_belong_together_is_refused_at_once,
          a_plan_made_up_does_no_harm,
          every_shared_golden_range_is_read)
