/* test_data_key_cache.c - suite of libclient/data_key_cache.c. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libclient/data_key_cache.h"
#include "protocol/secret.h"
#include "tests/lib/suite.h"

#define TERM_MS 100u

static struct skc_data_key_cache *make(uint32_t max_keys)
{
    struct skc_data_key_cache *cache = NULL;

    skt_ok(skc_data_key_cache_new(max_keys, TERM_MS, &cache));
    return cache;
}

static uint8_t headers[8][96];

static struct skc_data_key_name name_of(const char *tenant, unsigned nth)
{
    headers[nth][40] = (uint8_t)(nth + 1);
    return (struct skc_data_key_name){ .tenant = skp_view_of(tenant),
                                       .header = { headers[nth], 96 } };
}

/* A key of @byte alone. */
static void put(struct skc_data_key_cache *cache,
                const struct skc_data_key_name *name,
                uint8_t byte,
                uint64_t now_ms)
{
    struct sidekey_data_key key = { .suite =
                                        SIDEKEY_SUITE_X25519_HPKE_AES256GCM };

    memset(key.key, byte, sizeof key.key);
    memset(key.key_id, byte, sizeof key.key_id);
    skc_data_key_cache_put(cache, name, &key, now_ms);
}

/* The byte of the key that is found, 0 for none. */
static uint8_t find(const struct skc_data_key_cache *cache,
                    const struct skc_data_key_name *name,
                    uint64_t now_ms)
{
    struct sidekey_data_key key = { .key = { 0 } };

    if (!skc_data_key_cache_find(cache, name, now_ms, &key)) {
        return 0;
    }
    ck_assert_uint_eq(key.key[0], key.key[31]);
    ck_assert_uint_eq(key.key[0], key.key_id[7]);
    ck_assert_int_eq(key.suite, SIDEKEY_SUITE_X25519_HPKE_AES256GCM);
    return key.key[0];
}

/* How often @byte stands in the locked block. */
static size_t count_bytes(const struct skc_data_key_cache *cache, uint8_t byte)
{
    struct skp_view memory = skc_data_key_cache_memory(cache);
    size_t n = 0;

    for (size_t i = 0; i < memory.len; i++) {
        n += memory.ptr[i] == byte ? 1 : 0;
    }
    return n;
}

START_TEST(a_key_is_found_by_tenant_and_whole_header)
{
    struct skc_data_key_cache *cache = make(4);
    struct skc_data_key_name name = name_of("t", 0);

    put(cache, &name, 0xa1, 0);
    ck_assert_uint_eq(find(cache, &name, 0), 0xa1);
    for (size_t bit = 0; bit < 96u * 8; bit++) {
        headers[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_eq(find(cache, &name, 0), 0);
        headers[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    name.raw = true;
    ck_assert_uint_eq(find(cache, &name, 0), 0);
    name.raw = false;
    name.header.len = 48;
    ck_assert_uint_eq(find(cache, &name, 0), 0);
    name.header.len = 96;
    name.tenant = skp_view_of("tt");
    ck_assert_uint_eq(find(cache, &name, 0), 0);
    name.tenant = skp_view_of("u");
    ck_assert_uint_eq(find(cache, &name, 0), 0);
    skc_data_key_cache_free(&cache);
    ck_assert_ptr_null(cache);
}
END_TEST

START_TEST(the_oldest_makes_way_and_is_wiped)
{
    struct skc_data_key_cache *cache = make(2);
    struct skc_data_key_name names[] = { name_of("t", 0), name_of("t", 1),
                                         name_of("t", 2) };

    put(cache, &names[0], 0xa1, 0);
    put(cache, &names[1], 0xa2, 1);
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 32);
    ck_assert_uint_eq(find(cache, &names[0], 2), 0xa1);
    put(cache, &names[2], 0xa3, 2);
    ck_assert_uint_eq(find(cache, &names[0], 2), 0);
    ck_assert_uint_eq(find(cache, &names[1], 2), 0xa2);
    ck_assert_uint_eq(find(cache, &names[2], 2), 0xa3);
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 0);
    ck_assert_uint_eq(count_bytes(cache, 0xa3), 32);
    ck_assert_uint_eq(skc_data_key_cache_count(cache), 2);
    ck_assert_uint_eq(skc_data_key_cache_evictions(cache), 1);
    skc_data_key_cache_free(&cache);
}
END_TEST

START_TEST(an_expired_key_is_not_found_and_wiped_by_the_sweep)
{
    struct skc_data_key_cache *cache = make(3);
    struct skc_data_key_name names[] = { name_of("t", 0), name_of("t", 1) };

    put(cache, &names[0], 0xa1, 0);
    put(cache, &names[1], 0xa2, 50);
    skc_data_key_cache_sweep(cache, 99);
    ck_assert_uint_eq(find(cache, &names[0], 99), 0xa1);
    ck_assert_uint_eq(find(cache, &names[0], 100), 0);
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 32);
    skc_data_key_cache_sweep(cache, 100);
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 0);
    ck_assert_uint_eq(find(cache, &names[1], 100), 0xa2);
    skc_data_key_cache_sweep(cache, 150);
    ck_assert_uint_eq(count_bytes(cache, 0),
                      skc_data_key_cache_memory(cache).len);
    ck_assert_uint_eq(skc_data_key_cache_count(cache), 0);
    ck_assert_uint_eq(skc_data_key_cache_evictions(cache), 0);
    skc_data_key_cache_free(&cache);
}
END_TEST

START_TEST(a_tenant_s_keys_are_wiped_together)
{
    struct skc_data_key_cache *cache = make(4);
    struct skc_data_key_name names[] = { name_of("t", 0), name_of("u", 1),
                                         name_of("t", 2) };

    put(cache, &names[0], 0xa1, 0);
    put(cache, &names[1], 0xa2, 0);
    put(cache, &names[2], 0xa1, 0);
    skc_data_key_cache_drop(cache, skp_view_of("t"));
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 0);
    ck_assert_uint_eq(find(cache, &names[1], 0), 0xa2);
    skc_data_key_cache_drop(cache, skp_view_of("*"));
    ck_assert_uint_eq(count_bytes(cache, 0xa2), 0);
    ck_assert_uint_eq(skc_data_key_cache_count(cache), 0);
    skc_data_key_cache_free(&cache);
}
END_TEST

START_TEST(the_same_header_again_takes_no_second_place)
{
    struct skc_data_key_cache *cache = make(4);
    struct skc_data_key_name name = name_of("t", 0);

    put(cache, &name, 0xa1, 0);
    put(cache, &name, 0xa2, 60);
    ck_assert_uint_eq(skc_data_key_cache_count(cache), 1);
    ck_assert_uint_eq(count_bytes(cache, 0xa1), 0);
    ck_assert_uint_eq(find(cache, &name, 159), 0xa2);
    skc_data_key_cache_free(&cache);
}
END_TEST

START_TEST(locked_memory_is_one_block_that_never_grows)
{
    size_t before = skp_secret_held();
    struct skc_data_key_cache *cache = make(100);
    size_t held = skp_secret_held();

    ck_assert_uint_eq(skc_data_key_cache_memory(cache).len, 3200);
    for (unsigned i = 0; i < 1000; i++) {
        struct skc_data_key_name name = name_of("t", i % 8);

        headers[i % 8][50] = (uint8_t)i;
        put(cache, &name, 0xa1, i);
    }
    ck_assert_uint_eq(skp_secret_held(), held);
    ck_assert_uint_eq(skc_data_key_cache_count(cache), 100);
    skc_data_key_cache_free(&cache);
    ck_assert_uint_eq(skp_secret_held(), before);
}
END_TEST

START_TEST(a_child_can_free_what_it_did_not_inherit)
{
    struct skc_data_key_cache *cache = make(4);
    struct skc_data_key_name name = name_of("t", 0);
    int status = 0;
    pid_t child;

    put(cache, &name, 0xa1, 0);
    child = fork();
    if (child == 0) {
        skc_data_key_cache_free(&cache);
        _exit(cache == NULL ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(find(cache, &name, 0), 0xa1);
    skc_data_key_cache_free(&cache);
}
END_TEST

SKT_SUITE("data_key_cache",
          a_key_is_found_by_tenant_and_whole_header,
          the_oldest_makes_way_and_is_wiped,
          an_expired_key_is_not_found_and_wiped_by_the_sweep,
          a_tenant_s_keys_are_wiped_together,
          the_same_header_again_takes_no_second_place,
          locked_memory_is_one_block_that_never_grows,
          a_child_can_free_what_it_did_not_inherit)
