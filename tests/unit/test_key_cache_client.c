/* test_key_cache_client.c - suite of libclient/key_cache_client.c: the cache as
 * an object, its threads and its children. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/cached_keys.h"
#include "tests/lib/suite.h"

START_TEST(options_out_of_bounds_are_refused)
{
    struct sidekey_keys_options bad[5];
    struct sidekey_keys *none = NULL;

    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        sidekey_keys_defaults(&bad[i]);
    }
    bad[0].max_tenants = 0;
    bad[1].max_tenants = SIDEKEY_KEYS_TENANTS_MAX + 1;
    bad[2].max_age_ms = 0;
    bad[3].max_data_keys = SIDEKEY_KEYS_DATA_KEYS_MAX + 1;
    bad[4].data_key_ms = 0;
    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        skt_status(sidekey_keys_open("/x", &bad[i], &none),
                   SIDEKEY_INVALID_ARGUMENT);
    }
    skt_status(sidekey_keys_open("", NULL, &none), SIDEKEY_INVALID_ARGUMENT);
    ck_assert_ptr_null(none);
    sidekey_keys_close(&none);
    sidekey_keys_close(NULL);
}
END_TEST

START_TEST(a_tenant_that_is_none_is_refused_without_a_question)
{
    struct sidekey_data_key key;

    skt_cached_set_up();
    skt_cached_fails(NULL, SKT_CALL_MS, SIDEKEY_INVALID_ARGUMENT);
    skt_cached_fails("a b", SKT_CALL_MS, SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_keys_unwrap(skt_cache, "", skt_header, sizeof skt_header,
                                   NULL, SKT_CALL_MS, &key),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_uint_eq(skt_cached_asked(), 0);
    ck_assert_uint_eq(skt_cached_unwraps(), 0);
    skt_cached_tear_down();
}
END_TEST

START_TEST(a_child_cannot_use_its_parent_s_cache)
{
    int status = 0;
    pid_t child;

    skt_cached_set_up();
    skt_cached_watch(1);
    skt_cached_key("t", 0);
    skt_status_ok(skt_cached_unwrap("t", 1));
    child = fork();
    if (child == 0) {
        struct sidekey_public_key key;
        bool ok = sidekey_keys_public(skt_cache, "t", 100, &key) ==
                      SIDEKEY_INVALID_ARGUMENT &&
                  skt_cached_unwrap("t", 1) == SIDEKEY_INVALID_ARGUMENT;

        sidekey_keys_sweep(skt_cache);
        ok = ok && skt_cached_stats().tenants == 0;
        sidekey_keys_close(&skt_cache);
        _exit(ok && skt_cache == NULL ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    skt_cached_key("t", 0);
    skt_status_ok(skt_cached_unwrap("t", 1));
    ck_assert_uint_eq(skt_cached_asked(), 1);
    ck_assert_uint_eq(skt_cached_unwraps(), 1);
    skt_cached_tear_down();
}
END_TEST

static atomic_uint n_failures;

/* Each thread uses its own headers and all tenants. */
static void *use_cache(void *state)
{
    const uint8_t *thread = state;

    for (unsigned i = 0; i < 300; i++) {
        struct sidekey_public_key key;
        struct sidekey_data_key data_key;
        uint8_t mine[SIDEKEY_HEADER_MAX] = { 'S', 'K', 'E', '1', 2 };
        char tenant[8];

        (void)snprintf(tenant, sizeof tenant, "t%u", i % 6);
        mine[94] = *thread;
        mine[95] = (uint8_t)(i % 3);
        if (sidekey_keys_public(skt_cache, tenant, SKT_CALL_MS, &key) !=
                SIDEKEY_OK ||
            sidekey_keys_unwrap(skt_cache, tenant, mine, sizeof mine, NULL,
                                SKT_CALL_MS, &data_key) != SIDEKEY_OK ||
            data_key.key[0] != (mine[95] ^ 0x5a) ||
            data_key.key[1] != (*thread ^ 0x5a)) {
            atomic_fetch_add(&n_failures, 1);
        }
        skt_cached_pass(7);
    }
    return NULL;
}

START_TEST(threads_share_it_while_the_agent_changes_and_restarts)
{
    uint8_t numbers[4] = { 1, 2, 3, 4 };
    pthread_t threads[4];

    skt_cached_set_up();
    skt_cached_watch(1);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, use_cache, &numbers[i]), 0);
    }
    skt_watched_await(skt_watched, SKP_METHOD_UNWRAP, 100);
    skt_watched_use(skt_watched, 1);
    skt_watched_tell(skt_watched, "*", 1);
    skt_watched_await(skt_watched, SKP_METHOD_UNWRAP, 300);
    skt_watched_kill(skt_watched);
    skt_watched_use(skt_watched, 2);
    skt_watched_revive(skt_watched);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_uint_eq(n_failures, 0);
    skt_cached_pass(SKT_PASS_MS);
    skt_cached_watch(2);
    for (unsigned i = 0; i < 6; i++) {
        char tenant[8];

        (void)snprintf(tenant, sizeof tenant, "t%u", i);
        skt_cached_key(tenant, 2);
    }
    skt_cached_tear_down();
}
END_TEST

SKT_SUITE("key_cache_client",
          options_out_of_bounds_are_refused,
          a_tenant_that_is_none_is_refused_without_a_question,
          a_child_cannot_use_its_parent_s_cache,
          threads_share_it_while_the_agent_changes_and_restarts)
