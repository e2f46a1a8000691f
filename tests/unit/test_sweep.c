/* test_sweep.c - proves agent/sweep.c: what is large is freed in the pool, none
 * is left behind, and what is free goes back.  What counts as freed is in
 * test_server.c; that memory does go back, in row 26 of tests/faults. */
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "agent/sweep.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

static unsigned n_trims;
static int arenas;
static int threshold;

/* Both instead of the C library's. */
int malloc_trim(size_t pad)
{
    (void)pad;
    n_trims++;
    return 1;
}

int mallopt(int which, int value)
{
    ck_assert(which == M_ARENA_MAX || which == M_MMAP_THRESHOLD);
    *(which == M_ARENA_MAX ? &arenas : &threshold) = value;
    return 1;
}

static uv_loop_t loop;
static struct skd_sweep sweep;

static void set_up(void)
{
    n_trims = 0;
    sweep = (struct skd_sweep){ .is_working = false };
    ck_assert_int_eq(setenv("UV_THREADPOOL_SIZE", "4", 1), 0);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert(skd_sweep_open(&sweep, &loop));
}

static void tear_down(void)
{
    skd_sweep_close(&sweep);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_uint_eq(skd_arena_held(), 0);
}

static void retire(void)
{
    struct skd_snapshot *large = skt_snapshot_many(SKD_SNAPSHOT_MANY, 1);

    skd_snapshot_unref(&large);
}

/* As many threads as libuv's pool can have. */
#define POOL 4
static uv_work_t blocks[POOL];
static uv_sem_t is_free;

static void block(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&is_free);
}

static void on_unblocked(uv_work_t *work, int status)
{
    (void)work;
    ck_assert_int_eq(status, 0);
}

/* The pool has no thread left, so that a sweep that began does not end. */
static void hold_pool(void)
{
    ck_assert_int_eq(uv_sem_init(&is_free, 0), 0);
    for (size_t i = 0; i < POOL; i++) {
        ck_assert_int_eq(uv_queue_work(&loop, &blocks[i], block, on_unblocked),
                         0);
    }
}

static void release_pool(void)
{
    for (size_t i = 0; i < POOL; i++) {
        uv_sem_post(&is_free);
    }
}

static void run_until_working(void)
{
    while (!sweep.is_working) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
}

START_TEST(what_is_retired_is_swept_by_the_loop_and_not_here)
{
    int before = getpriority(PRIO_PROCESS, 0);

    set_up();
    for (unsigned i = 0; i < 3; i++) {
        retire();
        ck_assert_uint_gt(skd_arena_held(), 0);
        while (skd_arena_held() > 0) {
            (void)uv_run(&loop, UV_RUN_ONCE);
        }
    }
    ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), before);
    tear_down();
}
END_TEST

START_TEST(what_comes_while_it_works_is_swept_afterwards)
{
    set_up();
    hold_pool();
    retire();
    run_until_working();
    ck_assert(!sweep.is_wanted);
    retire();
    while (!sweep.is_wanted) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    release_pool();
    while (sweep.is_working || sweep.is_wanted ||
           uv_is_active((uv_handle_t *)&sweep.timer)) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(n_trims, 2);
    ck_assert_uint_eq(skd_arena_held(), 0);
    tear_down();
    uv_sem_destroy(&is_free);
}
END_TEST

START_TEST(at_the_end_nothing_is_left)
{
    set_up();
    retire();
    tear_down();
    set_up();
    hold_pool();
    retire();
    run_until_working();
    retire();
    release_pool();
    tear_down();
    uv_sem_destroy(&is_free);
}
END_TEST

/* ---- back to the kernel -------------------------------------------------- */

static void run_until_trimmed(unsigned n)
{
    ck_assert(uv_is_active((uv_handle_t *)&sweep.timer));
    while (n_trims < n) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(!uv_is_active((uv_handle_t *)&sweep.timer));
}

START_TEST(what_was_freed_goes_back_once_and_not_at_once)
{
    uint64_t began_ms;

    set_up();
    began_ms = uv_now(&loop);
    skd_sweep_note(&sweep, 1);
    skd_sweep_note(&sweep, 5);
    ck_assert_uint_eq(n_trims, 0);
    run_until_trimmed(1);
    ck_assert_uint_ge(uv_now(&loop) - began_ms, SKD_SWEEP_AFTER_MS);
    skd_sweep_note(&sweep, 6);
    run_until_trimmed(2);
    tear_down();
}
END_TEST

/* What a trim leaves at the end of another heap is in "resident, 1,000 tenants"
 * of tests/bench. */
START_TEST(all_threads_share_the_heap_and_what_is_large_is_not_in_it)
{
    set_up();
    ck_assert_int_eq(arenas, 1);
    ck_assert_int_ge(threshold, 1 << 20);
    tear_down();
}
END_TEST

/* As after a refresh that only confirmed what is served. */
START_TEST(when_nothing_was_freed_nothing_is_looked_at)
{
    set_up();
    skd_sweep_note(&sweep, 0);
    ck_assert(!uv_is_active((uv_handle_t *)&sweep.timer));
    skd_sweep_note(&sweep, 3);
    run_until_trimmed(1);
    skd_sweep_note(&sweep, 3);
    ck_assert(!uv_is_active((uv_handle_t *)&sweep.timer));
    tear_down();
}
END_TEST

START_TEST(what_was_swept_goes_back_too)
{
    set_up();
    retire();
    while (skd_arena_held() > 0) {
        ck_assert_uint_eq(n_trims, 0);
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    while (n_trims == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(!sweep.is_working);
    tear_down();
}
END_TEST

/* The requests that a swap is seen by come first. */
START_TEST(what_is_retired_stays_for_a_moment)
{
    uint64_t began_ms;

    set_up();
    hold_pool();
    uv_update_time(&loop);
    began_ms = uv_now(&loop);
    retire();
    skd_sweep_note(&sweep, 1);
    run_until_working();
    ck_assert_uint_ge(uv_now(&loop) - began_ms, SKD_SWEEP_AFTER_MS);
    ck_assert_uint_gt(skd_arena_held(), 0);
    release_pool();
    tear_down();
    uv_sem_destroy(&is_free);
}
END_TEST

/* Closed while the pool works: the loop ends with the work. */
START_TEST(an_agent_that_stops_keeps_what_it_has)
{
    set_up();
    hold_pool();
    skd_sweep_note(&sweep, 1);
    retire();
    run_until_working();
    skd_sweep_close(&sweep);
    release_pool();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(!sweep.is_working);
    ck_assert_uint_eq(n_trims, 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    uv_sem_destroy(&is_free);
}
END_TEST

SKT_SUITE("sweep",
          what_is_retired_is_swept_by_the_loop_and_not_here,
          what_comes_while_it_works_is_swept_afterwards,
          at_the_end_nothing_is_left,
          what_was_freed_goes_back_once_and_not_at_once,
          all_threads_share_the_heap_and_what_is_large_is_not_in_it,
          when_nothing_was_freed_nothing_is_looked_at,
          what_was_swept_goes_back_too,
          what_is_retired_stays_for_a_moment,
          an_agent_that_stops_keeps_what_it_has)
