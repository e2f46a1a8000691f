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

/* An arena of three slots that can be kept, or NULL when none can be here. */
static struct skd_arena *new_keepable(void)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    uint8_t key[SKP_KEY_LEN];

    skd_arena_keep(SKD_KEEPING_ANY);
    skt_ok(skd_arena_new(3, &arena, &diag));
    for (size_t i = 0; i < 3; i++) {
        memset(key, (int)i + 1, sizeof key);
        skd_arena_set(arena, i, key);
    }
    skd_arena_seal(arena);
    return arena;
}

START_TEST(a_kept_arena_is_taken_over_with_its_keys_and_header)
{
    struct skd_arena *arena = new_keepable();
    struct skd_arena *after = NULL;
    struct skp_diag diag = { "" };
    size_t held = skd_arena_held();
    uint8_t key[SKP_KEY_LEN];
    int fd = dup(skd_arena_fd(arena));

    memcpy(skd_arena_header(arena), "header", 6);
    skd_arena_set_kept(arena, true);
    skd_arena_close_fd(arena);
    ck_assert_int_eq(skd_arena_fd(arena), -1);
    skd_arena_free(&arena);
    skt_ok(skd_arena_adopt(fd, &after, &diag));
    ck_assert_uint_eq(skd_arena_held(), held);
    ck_assert_mem_eq(skd_arena_header(after), "header", 6);
    ck_assert_uint_eq(skd_arena_n_slots(after),
                      (size_t)sysconf(_SC_PAGESIZE) / SKP_KEY_LEN);
    skd_arena_limit(after, 3);
    ck_assert_uint_eq(skd_arena_n_slots(after), 3);
    for (size_t i = 0; i < 3; i++) {
        memset(key, (int)i + 1, sizeof key);
        ck_assert_mem_eq(skd_arena_slot(after, i), key, sizeof key);
    }
    skd_arena_free(&after);
    (void)close(fd);
}
END_TEST

START_TEST(an_arena_is_wiped_unless_somebody_keeps_it)
{
    static const uint8_t zero[SKP_KEY_LEN] = { 0 };
    struct skd_arena *arena = new_keepable();
    struct skd_arena *after = NULL;
    struct skp_diag diag = { "" };
    int fd = dup(skd_arena_fd(arena));

    memcpy(skd_arena_header(arena), "header", 6);
    skd_arena_set_kept(arena, true);
    skd_arena_set_kept(arena, false);
    skd_arena_free(&arena);
    skt_ok(skd_arena_adopt(fd, &after, &diag));
    ck_assert_mem_eq(skd_arena_header(after), zero, 6);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_mem_eq(skd_arena_slot(after, i), zero, sizeof zero);
    }
    skd_arena_free(&after);
    (void)close(fd);
}
END_TEST

START_TEST(an_arena_that_nobody_keeps_has_no_header)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_arena_new(1, &arena, &diag));
    ck_assert_ptr_null(skd_arena_header(arena));
    ck_assert_int_eq(skd_arena_fd(arena), -1);
    skd_arena_free(&arena);
}
END_TEST

START_TEST(a_strange_descriptor_is_no_arena)
{
    struct skd_arena *arena = NULL;
    struct skp_diag diag = { "" };
    struct skd_pages pages = { .fd = -1 };

    skd_arena_keep(SKD_KEEPING_ANY);
    skt_err(skd_arena_adopt(0, &arena, &diag), SKP_ERR_FAILED_PRECONDITION);
    /* A header, and no room for slots. */
    ck_assert(skd_pages_map(skd_arena_header_len(), SKD_TIER_MLOCK,
                            SKD_KEEPING_ANY, &pages));
    skt_err(skd_arena_adopt(pages.fd, &arena, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skd_pages_unmap(&pages);
    ck_assert_ptr_null(arena);
    ck_assert_uint_eq(skd_arena_held(), 0);
}
END_TEST

SKT_SUITE("arena",
          a_kept_arena_is_taken_over_with_its_keys_and_header,
          an_arena_is_wiped_unless_somebody_keeps_it,
          an_arena_that_nobody_keeps_has_no_header,
          a_strange_descriptor_is_no_arena,
          slots_hold_what_was_set_also_when_sealed,
          locked_bytes_are_counted_and_given_back,
          sizes_that_overflow_are_refused,
          a_sealed_slot_cannot_be_written,
          keys_are_wiped_before_the_memory_goes,
          without_a_lock_limit_only_the_lowest_tier_is_given,
          below_the_required_tier_the_arena_is_refused_and_names_the_limit,
          a_limit_that_is_large_enough_is_used,
          the_probe_reports_the_tier_of_an_arena)
