/* cached_keys.c - a cache of keys at a watched agent; see cached_keys.h. */
#include "tests/lib/cached_keys.h"

#include "tests/lib/suite.h"

static atomic_uint_fast64_t now_ms;
struct skt_watched *skt_watched;
struct sidekey_keys *skt_cache;
uint8_t skt_header[SIDEKEY_HEADER_MAX] = { 'S', 'K', 'E', '1', 2 };

static uint64_t read_clock(void *state)
{
    (void)state;
    return atomic_load(&now_ms);
}

static const struct skc_key_clock test_clock = { NULL, read_clock };

struct sidekey_keys_options skt_cached_options(void)
{
    return (struct sidekey_keys_options){ .max_tenants = 4,
                                          .max_age_ms = SKT_AGE_MS,
                                          .offline_ms = SKT_OFFLINE_MS,
                                          .unwatched_ms = 700,
                                          .max_data_keys = 2,
                                          .data_key_ms = SKT_TERM_MS };
}

void skt_cached_open(const struct sidekey_keys_options *options)
{
    now_ms = 1000000;
    skt_watched = skt_watched_start();
    skt_status_ok(skc_key_cache_client_open(skt_watched_path(skt_watched),
                                            options, &test_clock, &skt_cache));
}

void skt_cached_set_up(void)
{
    struct sidekey_keys_options options = skt_cached_options();

    skt_cached_open(&options);
}

void skt_cached_tear_down(void)
{
    sidekey_keys_close(&skt_cache);
    ck_assert_ptr_null(skt_cache);
    skt_watched_stop(&skt_watched);
}

void skt_cached_pass(uint64_t ms)
{
    atomic_fetch_add(&now_ms, ms);
}

struct sidekey_keys_stats skt_cached_stats(void)
{
    struct sidekey_keys_stats ret;

    sidekey_keys_stats(skt_cache, &ret);
    return ret;
}

void skt_cached_watch(unsigned nth)
{
    sidekey_keys_sweep(skt_cache);
    skt_watched_await(skt_watched, SKP_METHOD_WATCH, nth);
    sidekey_keys_sweep(skt_cache);
    ck_assert(skt_cached_stats().is_watching);
    skt_cached_pass(SKT_PASS_MS);
}

unsigned skt_cached_asked(void)
{
    return skt_watched_asked(skt_watched, SKP_METHOD_PUBKEY);
}

void skt_cached_key(const char *tenant, unsigned nth)
{
    struct sidekey_public_key key;

    skt_status_ok(sidekey_keys_public(skt_cache, tenant, SKT_CALL_MS, &key));
    skt_bytes_eq((struct skp_view){ key.key_id, sizeof key.key_id },
                 (struct skp_view){ skt_watched_key_id(skt_watched, nth),
                                    sizeof key.key_id });
    ck_assert_str_eq(sidekey_keys_error_text(skt_cache), "");
}

void skt_cached_fails(const char *tenant,
                      uint32_t deadline_ms,
                      enum sidekey_status is)
{
    struct sidekey_public_key key = { .generation = 99 };

    skt_status(sidekey_keys_public(skt_cache, tenant, deadline_ms, &key), is);
    ck_assert_uint_eq(key.generation, 99);
    ck_assert_str_ne(sidekey_keys_error_text(skt_cache), "");
}

enum sidekey_status skt_cached_unwrap(const char *tenant, uint8_t nth)
{
    struct sidekey_data_key key;
    enum sidekey_status status;

    skt_header[95] = nth;
    status = sidekey_keys_unwrap(skt_cache, tenant, skt_header,
                                 sizeof skt_header, NULL, SKT_CALL_MS, &key);
    if (status == SIDEKEY_OK) {
        ck_assert_uint_eq(key.key[0], nth ^ 0x5a);
        ck_assert_uint_eq(key.key[1], 0x5a);
        ck_assert_int_eq(key.suite, SIDEKEY_SUITE_X25519_HPKE_AES256GCM);
    }
    return status;
}

unsigned skt_cached_unwraps(void)
{
    return skt_watched_asked(skt_watched, SKP_METHOD_UNWRAP);
}

bool skt_cached_holds_keys(void)
{
    struct skp_view memory =
        skc_data_key_cache_memory(skc_key_cache_client_data_keys(skt_cache));

    for (size_t i = 0; i < memory.len; i++) {
        if (memory.ptr[i] != 0) {
            return true;
        }
    }
    return false;
}
