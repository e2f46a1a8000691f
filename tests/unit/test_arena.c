/* test_arena.c - the locked arena: tiers, budgets, sealing, wiping. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sys/arena.h"
#include "tests/lib/suite.h"

#define NOBODY 65534

/* The sanitizers replace mlock by nothing that succeeds. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_MLOCK false
#elif defined(__has_feature)
#define HAS_MLOCK (!__has_feature(address_sanitizer))
#else
#define HAS_MLOCK true
#endif

static bool skips_without_mlock(void)
{
    if (!HAS_MLOCK) {
        (void)printf("SKIPPED: mlock is replaced in this build\n");
    }
    return !HAS_MLOCK;
}

START_TEST(each_tier_has_its_name)
{
    ck_assert_str_eq(skd_tier_name(SKD_TIER_NONE), "none");
    ck_assert_str_eq(skd_tier_name(SKD_TIER_MLOCK), "mlock");
    ck_assert_str_eq(skd_tier_name(SKD_TIER_MEMFD_SECRET), "memfd_secret");
}
END_TEST

START_TEST(slots_hold_what_was_set_also_when_sealed)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    uint8_t key[SKP_KEY_LEN];

    skt_ok(skd_arena_new(1000, &arena, &diag));
    for (size_t i = 0; i < 1000; i++) {
        memset(key, (int)(i % 251), sizeof key);
        skd_arena_set(arena, i, key);
    }
    skd_arena_seal(arena);
    for (size_t i = 0; i < 1000; i++) {
        memset(key, (int)(i % 251), sizeof key);
        ck_assert_mem_eq(skd_arena_slot(arena, i), key, sizeof key);
    }
    ck_assert_uint_eq(skd_arena_n_slots(arena), 1000);
    skd_arena_free(&arena);
    ck_assert_ptr_null(arena);
    skd_arena_free(&arena);
}
END_TEST

START_TEST(locked_bytes_are_counted_and_given_back)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = skd_arena_held();
    struct skd_arena *empty = NULL;
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_arena_new(0, &empty, &diag));
    skt_ok(skd_arena_new(page / SKP_KEY_LEN + 1, &arena, &diag));
    ck_assert_uint_eq(skd_arena_held() - before, 3 * page);
    skd_arena_free(&arena);
    skd_arena_free(&empty);
    ck_assert_uint_eq(skd_arena_held(), before);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };

    skt_err(skd_arena_new(SIZE_MAX / 8, &arena, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    skt_err(skd_arena_new(SIZE_MAX, &arena, &diag), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_ptr_null(arena);
}
END_TEST

static sigjmp_buf on_fault_buf;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(on_fault_buf, 1);
}

START_TEST(a_sealed_slot_cannot_be_written)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    struct sigaction action = { .sa_handler = on_fault };
    struct sigaction before;
    volatile bool has_faulted = false;
    volatile uint8_t *place;

    skt_ok(skd_arena_new(1, &arena, &diag));
    skd_arena_seal(arena);
    /* The address as a number: the test breaks const on purpose. */
    place = (volatile uint8_t *)(uintptr_t)skd_arena_slot(arena, 0);
    ck_assert_int_eq(sigaction(SIGSEGV, &action, &before), 0);
    if (sigsetjmp(on_fault_buf, 1) == 0) {
        *place = 1;
    } else {
        has_faulted = true;
    }
    ck_assert_int_eq(sigaction(SIGSEGV, &before, NULL), 0);
    ck_assert(has_faulted);
    skd_arena_free(&arena);
}
END_TEST

START_TEST(keys_are_wiped_before_the_memory_goes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    uint8_t key[SKP_KEY_LEN];
    uint8_t zero[SKP_KEY_LEN] = { 0 };
    void *same;
    const uint8_t *second;

    skt_ok(skd_arena_new(1, &arena, &diag));
    if (skd_arena_tier(arena) != SKD_TIER_MEMFD_SECRET) {
        (void)printf("SKIPPED: no memfd_secret to look at twice\n");
        skd_arena_free(&arena);
        return;
    }
    memset(key, 0xa5, sizeof key);
    skd_arena_set(arena, 0, key);
    skd_arena_seal(arena);
    /* An old size of 0 maps shared pages a second time. */
    same = (void *)(uintptr_t)skd_arena_slot(arena, 0);
    second = mremap(same, 0, page, MREMAP_MAYMOVE);
    ck_assert_ptr_ne(second, MAP_FAILED);
    ck_assert_mem_eq(second, key, sizeof key);
    skd_arena_free(&arena);
    ck_assert_mem_eq(second, zero, sizeof zero);
    ck_assert_int_eq(munmap((void *)(uintptr_t)second, page), 0);
}
END_TEST

/* What a process that may lock @limit bytes gets: its tier, or 100 for a
 * refusal that names the limit. */
static int tier_under(rlim_t limit, enum skd_tier least)
{
    struct rlimit memlock = { limit, limit };
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    enum skd_tier tier = SKD_TIER_NONE;
    pid_t child = fork();
    int status = 0;

    ck_assert_int_ge(child, 0);
    if (child > 0) {
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status));
        return WEXITSTATUS(status);
    }
    /* Root may lock what it likes. */
    if (setrlimit(RLIMIT_MEMLOCK, &memlock) != 0 ||
        (geteuid() == 0 && setuid(NOBODY) != 0)) {
        _exit(200);
    }
    skd_arena_require(least);
    if (skd_arena_new(1024, &arena, &diag) != SKP_ERR_OK) {
        _exit(strstr(diag.text, "RLIMIT_MEMLOCK") != NULL &&
                      skd_arena_probe(&tier, &diag) ==
                          SKP_ERR_FAILED_PRECONDITION
                  ? 100
                  : 201);
    }
    tier = skd_arena_tier(arena);
    if (skd_arena_held() != (tier == SKD_TIER_NONE ? 0 : 32768)) {
        _exit(202);
    }
    skd_arena_free(&arena);
    _exit((int)tier);
}

START_TEST(without_a_lock_limit_only_the_lowest_tier_is_given)
{
    if (skips_without_mlock()) {
        return;
    }
    ck_assert_int_eq(tier_under(0, SKD_TIER_NONE), SKD_TIER_NONE);
}
END_TEST

START_TEST(below_the_required_tier_the_arena_is_refused_and_names_the_limit)
{
    ck_assert_int_eq(tier_under(0, SKD_TIER_MEMFD_SECRET), 100);
    if (skips_without_mlock()) {
        return;
    }
    ck_assert_int_eq(tier_under(0, SKD_TIER_MLOCK), 100);
}
END_TEST

START_TEST(a_limit_that_is_large_enough_is_used)
{
    ck_assert_int_ge(tier_under(65536, SKD_TIER_MLOCK), SKD_TIER_MLOCK);
    ck_assert_int_le(tier_under(65536, SKD_TIER_MLOCK), SKD_TIER_MEMFD_SECRET);
}
END_TEST

START_TEST(the_probe_reports_the_tier_of_an_arena)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    enum skd_tier tier = SKD_TIER_NONE;
    size_t before = skd_arena_held();

    skt_ok(skd_arena_probe(&tier, &diag));
    ck_assert_uint_eq(skd_arena_held(), before);
    skt_ok(skd_arena_new(1, &arena, &diag));
    ck_assert_int_eq(tier, skd_arena_tier(arena));
    skd_arena_free(&arena);
}
END_TEST

SKT_SUITE("arena",
          each_tier_has_its_name,
          slots_hold_what_was_set_also_when_sealed,
          locked_bytes_are_counted_and_given_back,
          sizes_that_overflow_are_refused,
          a_sealed_slot_cannot_be_written,
          keys_are_wiped_before_the_memory_goes,
          without_a_lock_limit_only_the_lowest_tier_is_given,
          below_the_required_tier_the_arena_is_refused_and_names_the_limit,
          a_limit_that_is_large_enough_is_used,
          the_probe_reports_the_tier_of_an_arena)
