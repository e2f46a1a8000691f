/* test_secret.c - locked, wiped buffers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "protocol/secret.h"
#include "tests/lib/suite.h"

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(bytes[i], 0);
    }
}

START_TEST(grows_and_keeps_its_contents)
{
    struct skp_secret secret = { NULL, 0, 0 };
    uint8_t piece[1000];

    for (size_t i = 0; i < 20; i++) {
        memset(piece, (int)i, sizeof piece);
        skt_ok(skp_secret_append(&secret, piece, sizeof piece));
    }
    ck_assert_uint_eq(secret.len, 20000);
    ck_assert_uint_eq(secret.cap % page_len(), 0);
    for (size_t i = 0; i < secret.len; i++) {
        ck_assert_uint_eq(secret.bytes[i], i / 1000);
    }
    skp_secret_done(&secret);
}
END_TEST

START_TEST(counts_what_it_holds_and_gives_it_back)
{
    size_t before = skp_secret_held();
    struct skp_secret secret = { NULL, 0, 0 };

    skt_ok(skp_secret_reserve(&secret, 1));
    ck_assert_uint_eq(skp_secret_held(), before + page_len());
    skt_ok(skp_secret_reserve(&secret, page_len() + 1));
    ck_assert_uint_eq(skp_secret_held(), before + 2 * page_len());
    skp_secret_done(&secret);
    ck_assert_uint_eq(skp_secret_held(), before);
    ck_assert_ptr_null(secret.bytes);
    skp_secret_done(&secret);
    ck_assert_uint_eq(skp_secret_held(), before);
}
END_TEST

START_TEST(does_not_move_when_there_is_room)
{
    struct skp_secret secret = { NULL, 0, 0 };
    const uint8_t *place;

    skt_ok(skp_secret_reserve(&secret, 100));
    place = secret.bytes;
    skt_ok(skp_secret_append(&secret, "abc", 3));
    skt_ok(skp_secret_append(&secret, NULL, 0));
    skt_ok(skp_secret_reserve(&secret, page_len()));
    ck_assert_ptr_eq(secret.bytes, place);
    skt_bytes_eq(skp_secret_view(&secret), skp_view_of("abc"));
    skp_secret_done(&secret);
}
END_TEST

START_TEST(wipes_what_it_consumes_and_clears)
{
    struct skp_secret secret = { NULL, 0, 0 };

    skt_ok(skp_secret_append(&secret, "secret words", 12));
    skp_secret_consume(&secret, 0);
    skp_secret_consume(&secret, 7);
    skt_bytes_eq(skp_secret_view(&secret), skp_view_of("words"));
    is_zero(secret.bytes + 5, secret.cap - 5);
    skp_secret_clear(&secret);
    ck_assert_uint_eq(secret.len, 0);
    is_zero(secret.bytes, secret.cap);
    skp_secret_done(&secret);
}
END_TEST

START_TEST(gives_back_the_pages_behind_its_contents)
{
    size_t before = skp_secret_held();
    struct skp_secret secret = { NULL, 0, 0 };
    const uint8_t *place;

    skt_ok(skp_secret_reserve(&secret, 8 * page_len()));
    place = secret.bytes;
    secret.len = page_len() + 1;
    secret.bytes[page_len()] = 7;
    skp_secret_trim(&secret);
    ck_assert_uint_eq(secret.cap, 2 * page_len());
    ck_assert_uint_eq(skp_secret_held(), before + 2 * page_len());
    ck_assert_ptr_eq(secret.bytes, place);
    ck_assert_uint_eq(secret.bytes[page_len()], 7);
    skp_secret_trim(&secret);
    ck_assert_uint_eq(secret.cap, 2 * page_len());
    skp_secret_clear(&secret);
    skp_secret_trim(&secret);
    ck_assert_uint_eq(skp_secret_held(), before);
    skt_ok(skp_secret_append(&secret, "abc", 3));
    skp_secret_done(&secret);
}
END_TEST

START_TEST(refuses_impossible_sizes_and_stays_as_it_was)
{
    struct skp_secret secret = { NULL, 0, 0 };

    skt_ok(skp_secret_append(&secret, "abc", 3));
    skt_err(skp_secret_reserve(&secret, SIZE_MAX), SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skp_secret_reserve(&secret, SIZE_MAX / 4),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skp_secret_append(&secret, "x", SIZE_MAX - 1),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_bytes_eq(skp_secret_view(&secret), skp_view_of("abc"));
    skp_secret_done(&secret);
}
END_TEST

/* Kilobytes of locked memory of this process. */
static long locked_kb(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kb = -1;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmLck:", 6) == 0) {
            kb = strtol(line + 6, NULL, 10);
        }
    }
    (void)fclose(file);
    return kb;
}

/* AddressSanitizer turns mlock into nothing. */
static bool is_mlock_real(void)
{
    static uint8_t page[4096];
    bool is_real = mlock(page, sizeof page) == 0 && locked_kb() > 0;

    (void)munlock(page, sizeof page);
    return is_real;
}

START_TEST(locks_its_pages_or_refuses)
{
    struct skp_secret secret = { NULL, 0, 0 };
    enum skp_err err;

    skp_secret_require_lock(true);
    err = skp_secret_reserve(&secret, 16384);
    skp_secret_require_lock(false);
    if (!is_mlock_real()) {
        ck_assert(err == SKP_ERR_OK || secret.cap == 0);
    } else {
        skt_ok(err);
        ck_assert_int_ge(locked_kb(), 16);
    }
    skp_secret_done(&secret);
}
END_TEST

static pid_t suite_pid;

/* True in a test that check runs in a child. */
static bool is_forked(void)
{
    return getpid() != suite_pid;
}

__attribute__((constructor)) static void remember_suite(void)
{
    suite_pid = getpid();
}

START_TEST(refuses_what_it_cannot_lock_only_when_told_to)
{
    struct skp_secret secret = { NULL, 0, 0 };
    struct rlimit none = { 0, 0 };

    /* Without a process of its own the limit would stay for the others. */
    if (!is_mlock_real() || !is_forked()) {
        return;
    }
    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    if (geteuid() == 0) {
        /* Root is not held to the limit unless it drops the privilege. */
        ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
    }
    skp_secret_require_lock(true);
    skt_err(skp_secret_reserve(&secret, 1), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(secret.cap, 0);
    ck_assert_uint_eq(skp_secret_held(), 0);
    skp_secret_require_lock(false);
    skt_ok(skp_secret_reserve(&secret, 1));
    skp_secret_done(&secret);
}
END_TEST

START_TEST(wipes_a_guarded_array_at_the_end_of_its_scope)
{
    uint8_t outer[4] = { 1, 2, 3, 4 };

    {
        SKP_CLEANUP(skp_wipe_guard)
        struct skp_wiped guard = { outer, sizeof outer };

        ck_assert_ptr_eq(guard.bytes, outer);
        ck_assert_uint_eq(outer[0], 1);
    }
    is_zero(outer, sizeof outer);
    {
        SKP_WIPED(uint8_t, array, 32);

        is_zero(array, sizeof array);
        ck_assert_ptr_eq(array_guard.bytes, array);
        ck_assert_uint_eq(array_guard.len, 32);
    }
}
END_TEST

START_TEST(compares_every_byte)
{
    uint8_t a[40];
    uint8_t b[40];

    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    ck_assert(skp_equal_ct(a, b, sizeof a));
    ck_assert(skp_equal_ct(a, b, 0));
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        ck_assert(!skp_equal_ct(a, b, sizeof a));
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}
END_TEST

SKT_SUITE("secret",
          grows_and_keeps_its_contents,
          counts_what_it_holds_and_gives_it_back,
          does_not_move_when_there_is_room,
          gives_back_the_pages_behind_its_contents,
          wipes_what_it_consumes_and_clears,
          refuses_impossible_sizes_and_stays_as_it_was,
          locks_its_pages_or_refuses,
          refuses_what_it_cannot_lock_only_when_told_to,
          wipes_a_guarded_array_at_the_end_of_its_scope,
          compares_every_byte)
