/* test_key_cache.c - the cache of keys at a real agent: a changed file, a
 * restart, an agent that is gone. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/sidekey_keys.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u

/* Golden derivations: seed text and the key id of its key. */
#define SEED_ONE "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define SEED_TWO \
    "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"
#define KEY_ID_ONE "3e79bd828a6533d9"
#define KEY_ID_TWO "dd15cd4ae3affea5"

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static pid_t agent;
static struct sidekey_keys *cache;

static void set_up(void)
{
    ck_assert(skt_tempdir(folder));
    (void)snprintf(socket_path, sizeof socket_path, "%.400s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/c.json", folder);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    ck_assert_int_eq(sidekey_keys_open(socket_path, NULL, &cache), SIDEKEY_OK);
}

static void tear_down(void)
{
    (void)skt_stop(&agent, SIGKILL, 5000);
    sidekey_keys_close(&cache);
}

/* Start the agent; without a configuration in --dev mode. */
static void start(bool is_configured)
{
    const char *program = skt_program("sidekeyd");

    agent = skt_spawn(
        is_configured
            ? (const char *const[]){ program, "--config", config_path, NULL }
            : (const char *const[]){ program, "--dev", "--socket", socket_path,
                                     NULL },
        NULL, log_path);
    ck_assert_int_gt(agent, 0);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", skt_read_file(log_path, NULL));
    }
}

/* Replace the configuration; @crypto is its section. */
static void write_config(const char *crypto)
{
    char text[1024];
    char next[SKT_PATH_MAX + 8];

    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {%s},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 4,"
                   " \"metrics\": \"\"}}",
                   crypto, socket_path);
    (void)snprintf(next, sizeof next, "%s.new", config_path);
    ck_assert(skt_write_file(next, text, 0600));
    ck_assert_int_eq(rename(next, config_path), 0);
}

static void write_tenants(const char *tenant_keys)
{
    char crypto[512];

    (void)snprintf(crypto, sizeof crypto,
                   "\"mode\": \"local-multi-keys\", \"update_period\": \"1h\","
                   " \"tenant_keys\": {%s}",
                   tenant_keys);
    write_config(crypto);
}

static struct sidekey_keys_stats stats(void)
{
    struct sidekey_keys_stats ret;

    sidekey_keys_stats(cache, &ret);
    return ret;
}

static bool has_key(const char *tenant, const char *key_id)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_ID_LEN + 1];

    if (sidekey_keys_public(cache, tenant, CALL_MS, &key) != SIDEKEY_OK) {
        return false;
    }
    skp_hex(key.key_id, sizeof key.key_id, hex);
    return strcmp(hex, key_id) == 0;
}

/* True when ten calls in a row, 20 ms apart, were answered from memory: longer
 * than an answer from unsettled times is good for, so that from now on the
 * agent has to tell. */
static bool is_kept(void *state)
{
    static unsigned in_a_row;
    struct sidekey_public_key key;
    uint64_t misses = stats().misses;
    bool is_hit =
        sidekey_keys_public(cache, state, CALL_MS, &key) == SIDEKEY_OK &&
        stats().misses == misses && stats().is_watching;

    in_a_row = is_hit ? in_a_row + 1 : 0;
    if (in_a_row < 10) {
        return false;
    }
    in_a_row = 0;
    return true;
}

static char tenant_t[] = "t";

static bool is_second_key(void *state)
{
    (void)state;
    return has_key("t", KEY_ID_TWO);
}

START_TEST(a_changed_file_reaches_a_cache_that_would_not_ask)
{
    uint64_t changes;

    set_up();
    write_tenants("\"t\": \"" SEED_ONE "\"");
    start(true);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    ck_assert(has_key("t", KEY_ID_ONE));
    changes = stats().changes;
    write_tenants("\"t\": \"" SEED_TWO "\"");
    ck_assert(skt_until(is_second_key, NULL, START_MS));
    ck_assert_uint_eq(stats().changes, changes + 1);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    ck_assert(has_key("t", KEY_ID_TWO));
    tear_down();
}
END_TEST

static bool is_not_found(void *state)
{
    struct sidekey_public_key key;

    return sidekey_keys_public(cache, state, CALL_MS, &key) ==
           SIDEKEY_NOT_FOUND;
}

START_TEST(a_tenant_that_is_taken_out_is_dropped)
{
    set_up();
    write_tenants("\"t\": \"" SEED_ONE "\", \"u\": \"" SEED_TWO "\"");
    start(true);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    write_tenants("\"u\": \"" SEED_TWO "\"");
    ck_assert(skt_until(is_not_found, tenant_t, START_MS));
    ck_assert(has_key("u", KEY_ID_TWO));
    ck_assert_uint_eq(stats().tenants, 1);
    tear_down();
}
END_TEST

START_TEST(the_one_key_of_single_key_mode_changes_for_every_tenant)
{
    set_up();
    write_config("\"key\": \"" SEED_ONE "\"");
    start(true);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    ck_assert(has_key("t", KEY_ID_ONE));
    write_config("\"key\": \"" SEED_TWO "\"");
    ck_assert(skt_until(is_second_key, NULL, START_MS));
    tear_down();
}
END_TEST

START_TEST(keys_outlive_an_agent_and_are_confirmed_by_the_next)
{
    set_up();
    write_tenants("\"t\": \"" SEED_ONE "\"");
    start(true);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    (void)skt_stop(&agent, SIGKILL, 5000);
    ck_assert(has_key("t", KEY_ID_ONE));
    ck_assert_uint_eq(stats().offline_hits, 1);
    write_tenants("\"t\": \"" SEED_TWO "\"");
    start(true);
    ck_assert(skt_until(is_second_key, NULL, START_MS));
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    tear_down();
}
END_TEST

START_TEST(data_keys_are_kept_and_are_the_right_ones)
{
    static const uint8_t plaintext[] = "read again and again";
    struct sidekey *handle = NULL;
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_data_key direct;
    struct sidekey_data_key key;

    set_up();
    start(false);
    ck_assert(skt_until(is_kept, tenant_t, START_MS));
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    ck_assert_int_eq(sidekey_encrypt(handle, "t", plaintext, sizeof plaintext,
                                     NULL, CALL_MS, &sealed),
                     SIDEKEY_OK);
    ck_assert_int_eq(sidekey_unwrap(handle, "t", sealed.ptr, sealed.len, NULL,
                                    CALL_MS, &direct),
                     SIDEKEY_OK);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(sidekey_keys_unwrap(cache, "t", sealed.ptr, sealed.len,
                                             NULL, CALL_MS, &key),
                         SIDEKEY_OK);
        ck_assert_mem_eq(key.key, direct.key, sizeof key.key);
        ck_assert_mem_eq(key.key_id, direct.key_id, sizeof key.key_id);
    }
    ck_assert_uint_eq(stats().data_key_misses, 1);
    ck_assert_uint_eq(stats().data_key_hits, 2);
    ck_assert_int_eq(sidekey_keys_unwrap(cache, "u", sealed.ptr, sealed.len,
                                         NULL, CALL_MS, &key),
                     SIDEKEY_NOT_FOUND);
    sidekey_bytes_free(&sealed);
    sidekey_close(&handle);
    tear_down();
}
END_TEST

SKT_SUITE("key_cache",
          a_changed_file_reaches_a_cache_that_would_not_ask,
          a_tenant_that_is_taken_out_is_dropped,
          the_one_key_of_single_key_mode_changes_for_every_tenant,
          keys_outlive_an_agent_and_are_confirmed_by_the_next,
          data_keys_are_kept_and_are_the_right_ones)
