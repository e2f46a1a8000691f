/* test_key_cache_unwrap.c - suite of libclient/key_cache_unwrap.c: a gateway
 * that reads. */
#include "protocol/secret.h"
#include "tests/lib/cached_keys.h"
#include "tests/lib/suite.h"

START_TEST(a_data_key_is_asked_for_once_a_header)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_status_ok(skt_cached_unwrap("t", 2));
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 2);
    skt_status_ok(skt_cached_unwrap("u", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 3);
    ck_assert_uint_eq(skt_cached_stats().data_key_hits, 2);
    ck_assert_uint_eq(skt_cached_stats().data_key_misses, 3);
    ck_assert_uint_eq(skt_cached_stats().data_key_evictions, 1);
    ck_assert_uint_eq(skt_cached_stats().data_keys, 2);
    skt_cached_tear_down();
}
END_TEST

START_TEST(an_expired_data_key_is_wiped_by_any_call)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert(skt_cached_holds_keys());
    skt_cached_pass(SKT_TERM_MS - 1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 1);
    skt_cached_pass(1);
    sidekey_keys_sweep(skt_cache);
    ck_assert(!skt_cached_holds_keys());
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 2);
    skt_cached_tear_down();
}
END_TEST

START_TEST(data_keys_go_with_their_tenant)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_watched_tell(skt_watched, "u", SKT_WATCHED_KEYS);
    sidekey_keys_sweep(skt_cache);
    ck_assert(skt_cached_holds_keys());
    skt_watched_tell(skt_watched, "t", SKT_WATCHED_KEYS);
    sidekey_keys_sweep(skt_cache);
    ck_assert(!skt_cached_holds_keys());
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_watched_refuse(skt_watched, SKP_METHOD_UNWRAP,
                       SKP_ERR_PERMISSION_DENIED);
    skt_status(skt_cached_unwrap("t", 2), SIDEKEY_PERMISSION_DENIED);
    ck_assert(!skt_cached_holds_keys());
    skt_watched_refuse(skt_watched, SKP_METHOD_UNWRAP, SKP_ERR_OK);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_watched_refuse(skt_watched, SKP_METHOD_PUBKEY, SKP_ERR_NOT_FOUND);
    skt_cached_fails("t", SKT_CALL_MS, SIDEKEY_NOT_FOUND);
    ck_assert(!skt_cached_holds_keys());
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_rotation_leaves_data_keys_alone)
{
    skt_cached_set_up();
    skt_cached_watch(1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_watched_tell(skt_watched, "t", 1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 1);
    skt_cached_tear_down();
}
END_TEST

START_TEST(the_suite_that_is_demanded_is_demanded_of_memory_too)
{
    const struct sidekey_options any = { .any_suite = true };
    const struct sidekey_options one = { .suite =
                                             SIDEKEY_SUITE_X25519_AES256CTR };
    struct sidekey_data_key key;

    skt_cached_set_up();
    skt_cached_watch(1);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_watched_refuse(skt_watched, SKP_METHOD_UNWRAP,
                       SKP_ERR_INVALID_ARGUMENT);
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_status_ok(sidekey_keys_unwrap(skt_cache, "t", skt_header, 96, &any,
                                      SKT_CALL_MS, &key));
    skt_status(sidekey_keys_unwrap(skt_cache, "t", skt_header, 96, &one,
                                   SKT_CALL_MS, &key),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_keys_unwrap(skt_cache, "t", skt_header, 95, NULL,
                                   SKT_CALL_MS, &key),
               SIDEKEY_INVALID_ARGUMENT);
    skt_cached_tear_down();
}
END_TEST

START_TEST(data_keys_can_be_turned_off)
{
    struct sidekey_keys_options options = skt_cached_options();
    size_t held = skp_secret_held();

    options.max_data_keys = 0;
    options.data_key_ms = 0;
    skt_cached_open(&options);
    ck_assert_uint_eq(skp_secret_held(), held);
    ck_assert_ptr_null(skc_key_cache_client_data_keys(skt_cache));
    skt_status_ok(skt_cached_unwrap("t", 1));
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_unwraps(), 2);
    ck_assert_uint_eq(skt_cached_stats().data_key_misses, 2);
    ck_assert_uint_eq(skt_cached_stats().data_keys, 0);
    skt_cached_tear_down();
    ck_assert_uint_eq(skp_secret_held(), held);
}
END_TEST

SKT_SUITE("key_cache_unwrap",
          a_data_key_is_asked_for_once_a_header,
          an_expired_data_key_is_wiped_by_any_call,
          data_keys_go_with_their_tenant,
          a_rotation_leaves_data_keys_alone,
          the_suite_that_is_demanded_is_demanded_of_memory_too,
          data_keys_can_be_turned_off)
