/* test_memory.c - the suite of agent/config/memory.c. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/config/memory.h"
#include "agent/sys/arena.h"
#include "tests/lib/suite.h"

START_TEST(blocks_are_zeroed_aligned_and_never_move)
{
    struct skd_config_memory *memory = NULL;
    uint8_t *blocks[100];

    skt_ok(skd_memory_new(&memory));
    for (size_t i = 0; i < SKP_ARRAY_LEN(blocks); i++) {
        blocks[i] = skd_memory_block(memory, i * 40);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        for (size_t at = 0; at < i * 40; at++) {
            ck_assert_uint_eq(blocks[i][at], 0);
            blocks[i][at] = (uint8_t)i;
        }
    }
    for (size_t i = 1; i < SKP_ARRAY_LEN(blocks); i++) {
        ck_assert_uint_eq(blocks[i][i * 40 - 1], i);
    }
    ck_assert_ptr_null(skd_memory_block(memory, SIZE_MAX));
    skd_memory_unref(&memory);
    ck_assert_ptr_null(memory);
    skd_memory_unref(&memory);
}
END_TEST

#define NOBODY 65534u

static size_t locked(void)
{
    return skp_secret_held() + skd_arena_held();
}

START_TEST(secrets_are_locked_and_go_with_the_last_pin)
{
    struct skd_config_memory *memory = NULL;
    struct skd_config_memory *pin;
    struct skp_view views[600];
    size_t held = locked();
    char text[64];

    skt_ok(skd_memory_new(&memory));
    for (unsigned i = 0; i < SKP_ARRAY_LEN(views); i++) {
        (void)snprintf(text, sizeof text, "%060u", i);
        skt_ok(skd_memory_secret(memory, skp_view_of(text), &views[i]));
    }
    for (unsigned i = 0; i < SKP_ARRAY_LEN(views); i++) {
        (void)snprintf(text, sizeof text, "%060u", i);
        ck_assert_str_eq((const char *)views[i].ptr, text);
    }
    /* 600 times 61 bytes do not fit in two chunks. */
    ck_assert_uint_ge(locked() - held, 36864);
    pin = memory;
    skd_memory_ref(memory);
    skd_memory_unref(&memory);
    ck_assert_str_eq((const char *)views[599].ptr, text);
    skd_memory_unref(&pin);
    ck_assert_uint_eq(locked(), held);
}
END_TEST

START_TEST(a_secret_larger_than_a_chunk_has_one_of_its_own)
{
    static uint8_t large[100000];
    struct skd_config_memory *memory = NULL;
    struct skp_view view = { NULL, 0 };

    memset(large, 'x', sizeof large);
    skt_ok(skd_memory_new(&memory));
    skt_ok(skd_memory_secret(memory, (struct skp_view){ large, sizeof large },
                             &view));
    ck_assert_uint_eq(view.len, sizeof large);
    ck_assert_uint_eq(view.ptr[sizeof large - 1], 'x');
    ck_assert_uint_eq(view.ptr[sizeof large], 0);
    skt_ok(skd_memory_secret(memory, (struct skp_view){ NULL, 0 }, &view));
    ck_assert_uint_eq(view.len, 0);
    skd_memory_unref(&memory);
}
END_TEST

START_TEST(a_secret_of_any_length_ends_with_a_nul)
{
    static const char text[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefXY";
    struct skd_config_memory *memory = NULL;
    struct skp_view views[sizeof text];

    skt_ok(skd_memory_new(&memory));
    for (size_t len = 0; len < sizeof text; len++) {
        const struct skp_view part = { (const uint8_t *)text, len };

        skt_ok(skd_memory_secret(memory, part, &views[len]));
    }
    skd_memory_seal(memory);
    for (size_t len = 0; len < sizeof text; len++) {
        ck_assert_uint_eq(views[len].len, len);
        ck_assert_mem_eq(views[len].ptr, text, len);
        ck_assert_uint_eq(views[len].ptr[len], 0);
    }
    skd_memory_unref(&memory);
}
END_TEST

/* The sanitizers replace mlock by nothing, which always works. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_LOCK_ALWAYS true
#elif defined(__has_feature)
#define CAN_LOCK_ALWAYS __has_feature(address_sanitizer)
#else
#define CAN_LOCK_ALWAYS false
#endif

/* What a command that only reads the configuration has: no right to lock. */
START_TEST(without_an_arena_secrets_lie_in_pages)
{
    const struct rlimit none = { 0, 0 };
    struct skd_config_memory *memory = NULL;
    struct skp_view view = { NULL, 0 };
    pid_t pid = fork();
    int status = 0;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if ((geteuid() == 0 && setuid(NOBODY) != 0) ||
            setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
            skd_memory_new(&memory) != SKP_ERR_OK ||
            skd_memory_secret(memory, skp_view_of("seed"), &view) !=
                SKP_ERR_OK) {
            _exit(1);
        }
        skd_memory_seal(memory);
        _exit((CAN_LOCK_ALWAYS || skd_arena_held() == 0) &&
                      strcmp((const char *)view.ptr, "seed") == 0
                  ? 0
                  : 2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(texts_are_copied_with_their_end)
{
    struct skd_config_memory *memory = NULL;

    skt_ok(skd_memory_new(&memory));
    ck_assert_str_eq(skd_memory_text(memory, skp_view_of("kms")), "kms");
    ck_assert_str_eq(
        skd_memory_text(memory, (struct skp_view){ (const uint8_t *)"abc", 2 }),
        "ab");
    ck_assert_str_eq(skd_memory_text(memory, (struct skp_view){ NULL, 0 }), "");
    skd_memory_unref(&memory);
}
END_TEST

SKT_SUITE("memory",
          blocks_are_zeroed_aligned_and_never_move,
          secrets_are_locked_and_go_with_the_last_pin,
          a_secret_larger_than_a_chunk_has_one_of_its_own,
          a_secret_of_any_length_ends_with_a_nul,
          without_an_arena_secrets_lie_in_pages,
          texts_are_copied_with_their_end)
