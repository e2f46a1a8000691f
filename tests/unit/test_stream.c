/* test_stream.c - what the streaming calls share. */
#include <pthread.h>
#include <string.h>

#include "libclient/stream.h"
#include "tests/lib/suite.h"

START_TEST(the_words_of_the_last_call_are_kept_and_forgotten)
{
    struct skp_diag diag = { "chunk is bad" };
    struct skp_diag empty = { "" };

    ck_assert_str_eq(sidekey_stream_error_text(), "");
    ck_assert(sidekey_stream_error_at() == UINT64_MAX);
    ck_assert_int_eq((int)skc_stream_keep(SKP_ERR_DATA_LOSS, &diag, 152),
                     (int)SIDEKEY_DATA_LOSS);
    ck_assert_str_eq(sidekey_stream_error_text(), "chunk is bad");
    ck_assert_uint_eq(sidekey_stream_error_at(), 152);
    ck_assert_int_eq((int)skc_stream_keep(SKP_ERR_INTERNAL, &empty, 7),
                     (int)SIDEKEY_INTERNAL);
    ck_assert_str_eq(sidekey_stream_error_text(), "internal error");
    ck_assert(sidekey_stream_error_at() == UINT64_MAX);
    ck_assert_int_eq((int)skc_stream_keep(SKP_ERR_OK, &diag, 7),
                     (int)SIDEKEY_OK);
    ck_assert_str_eq(sidekey_stream_error_text(), "");
}
END_TEST

static void *look_at_words(void *unused)
{
    ck_assert_str_eq(sidekey_stream_error_text(), "");
    return unused;
}

START_TEST(each_thread_has_its_own_words)
{
    struct skp_diag diag = { "mine" };
    pthread_t thread;

    (void)skc_stream_keep(SKP_ERR_DATA_LOSS, &diag, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, look_at_words, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_str_eq(sidekey_stream_error_text(), "mine");
}
END_TEST

START_TEST(a_sink_writes_no_further_than_its_buffer)
{
    uint8_t bytes[4] = { 9, 9, 9, 9 };
    struct skc_stream_out out = { bytes, 3, 0 };
    struct skc_sink sink = skc_stream_sink(&out);
    struct skp_diag diag = { "" };

    skt_ok(sink.write(sink.state, skp_view_of("ab"), &diag));
    skt_err(sink.write(sink.state, skp_view_of("cd"), &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(out.len, 2);
    skt_ok(sink.write(sink.state, skp_view_of("c"), &diag));
    skt_ok(sink.write(sink.state, (struct skp_view){ NULL, 0 }, &diag));
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skt_hex("61626309"));
}
END_TEST

/* What was made there is not copied, and counts once it is written. */
START_TEST(a_sink_offers_the_place_where_the_next_bytes_go)
{
    uint8_t bytes[4] = { 9, 9, 9, 9 };
    uint8_t spare[4];
    struct skc_stream_out out = { bytes, 3, 0 };
    struct skc_sink sink = skc_stream_sink(&out);
    struct skp_diag diag = { "" };
    uint8_t *room;

    skt_ok(sink.write(sink.state, skp_view_of("a"), &diag));
    ck_assert_ptr_eq(skc_sink_room(&sink, 3, spare), spare);
    room = skc_sink_room(&sink, 2, spare);
    ck_assert_ptr_eq(room, bytes + 1);
    memcpy(room, "bc", 2);
    ck_assert_uint_eq(out.len, 1);
    skt_ok(sink.write(sink.state, (struct skp_view){ room, 2 }, &diag));
    ck_assert_uint_eq(out.len, 3);
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skt_hex("61626309"));
    sink.room = NULL;
    ck_assert_ptr_eq(skc_sink_room(&sink, 0, spare), spare);
}
END_TEST

START_TEST(a_failed_run_wipes_its_output_and_stays_failed)
{
    struct skc_stream_run run = { .failed = SKP_ERR_OK };
    uint8_t bytes[4];
    size_t len = 77;
    struct skp_diag diag = { "" };

    skt_err(skc_stream_begin(&run, bytes, 3, 4, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(diag.text, "the output buffer needs 4 bytes");
    skt_ok(skc_stream_begin(&run, bytes, 4, 4, &diag));
    memset(bytes, 0x55, sizeof bytes);
    run.out.len = 3;
    skt_err(skc_stream_end(&run, SKP_ERR_DATA_LOSS, &len), SKP_ERR_DATA_LOSS);
    ck_assert_uint_eq(len, 77);
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skt_hex("00000055"));
    skt_err(skc_stream_begin(&run, bytes, 4, 0, &diag), SKP_ERR_DATA_LOSS);
}
END_TEST

START_TEST(a_run_that_ended_takes_nothing_more)
{
    struct skc_stream_run run = { .has_ended = true };
    uint8_t byte;

    skt_err(skc_stream_begin(&run, &byte, 1, 0, NULL),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(suite_2_is_meant_unless_told_otherwise)
{
    struct sidekey_options options = { .aad_len = 0 };
    struct sidekey_data_key key = { .suite = SIDEKEY_SUITE_X25519_AES256CTR };

    ck_assert_ptr_nonnull(skc_stream_options(NULL));
    ck_assert_ptr_eq(skc_stream_options(&options), &options);
    ck_assert_int_eq((int)skc_stream_suite(SIDEKEY_SUITE_ANY, false), 2);
    ck_assert_int_eq((int)skc_stream_suite(SIDEKEY_SUITE_ANY, true), 1);
    ck_assert_int_eq(
        (int)skc_stream_suite(SIDEKEY_SUITE_X25519_AES256CTR, false), 1);
    ck_assert_int_eq((int)skc_stream_demand(&options), 2);
    skt_err(skc_stream_check_key(&key, &options, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    options.any_suite = true;
    ck_assert_int_eq((int)skc_stream_demand(&options), 0);
    skt_ok(skc_stream_check_key(&key, &options, NULL));
    key.suite = (enum sidekey_suite)3;
    skt_err(skc_stream_check_key(&key, &options, NULL),
            SKP_ERR_INVALID_ARGUMENT);
    options.suite = SIDEKEY_SUITE_X25519_HPKE_AES256GCM;
    ck_assert_int_eq((int)skc_stream_demand(&options), 2);
}
END_TEST

START_TEST(the_head_has_the_length_of_its_suite)
{
    size_t len = 0;

    skt_ok(skc_stream_head_len(SKP_SUITE_X25519_AES256CTR, true, &len, NULL));
    ck_assert_uint_eq(len, 32);
    skt_ok(skc_stream_head_len(SKP_SUITE_X25519_AES256CTR, false, &len, NULL));
    ck_assert_uint_eq(len, 48);
    skt_ok(skc_stream_head_len(SKP_SUITE_X25519_HPKE_AES256GCM, false, &len,
                               NULL));
    ck_assert_uint_eq(len, SIDEKEY_HEAD_MAX);
    skt_err(
        skc_stream_head_len(SKP_SUITE_X25519_HPKE_AES256GCM, true, &len, NULL),
        SKP_ERR_INVALID_ARGUMENT);
    skt_err(skc_stream_head_len((enum skp_suite)3, false, &len, NULL),
            SKP_ERR_UNIMPLEMENTED);
}
END_TEST

SKT_SUITE("stream",
          the_words_of_the_last_call_are_kept_and_forgotten,
          each_thread_has_its_own_words,
          a_sink_writes_no_further_than_its_buffer,
          a_sink_offers_the_place_where_the_next_bytes_go,
          a_failed_run_wipes_its_output_and_stays_failed,
          a_run_that_ended_takes_nothing_more,
          suite_2_is_meant_unless_told_otherwise,
          the_head_has_the_length_of_its_suite)
