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

/* Both instead of the C library's. */
int malloc_trim(size_t pad)
{
    (void)pad;
    n_trims++;
    return 1;
}

int mallopt(int which, int value)
{
    ck_assert_int_eq(which, M_ARENA_MAX);
    arenas = value;
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

/* While the pool has no thread for it, the work does not end. */
START_TEST(what_comes_while_it_works_is_swept_afterwards)
{
    set_up();
    ck_assert_int_eq(uv_sem_init(&is_free, 0), 0);
    for (size_t i = 0; i < POOL; i++) {
        ck_assert_int_eq(uv_queue_work(&loop, &blocks[i], block, on_unblocked),
                         0);
    }
    retire();
    while (!sweep.is_working) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(!sweep.is_wanted);
    retire();
    while (!sweep.is_wanted) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < POOL; i++) {
        uv_sem_post(&is_free);
    }
    while (sweep.is_working) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(!sweep.is_wanted);
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
    retire();
    while (!sweep.is_working) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    retire();
    tear_down();
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
    ck_assert_uint_ge(uv_now(&loop) - began_ms, SKD_SWEEP_TRIM_MS);
    skd_sweep_note(&sweep, 6);
    run_until_trimmed(2);
    tear_down();
}
END_TEST

/* What a trim leaves at the end of another heap is in "resident, 1,000 tenants"
 * of tests/bench. */
START_TEST(all_threads_share_the_heap_that_can_be_trimmed)
{
    set_up();
    ck_assert_int_eq(arenas, 1);
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

START_TEST(what_was_swept_goes_back_too_and_later)
{
    set_up();
    skd_sweep_note(&sweep, 1);
    run_until_trimmed(1);
    retire();
    while (skd_arena_held() > 0 || sweep.is_working) {
        ck_assert_uint_eq(n_trims, 1);
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    run_until_trimmed(2);
    tear_down();
}
END_TEST

/* Closed while the pool works: the loop ends with the work. */
START_TEST(an_agent_that_stops_keeps_what_it_has)
{
    set_up();
    skd_sweep_note(&sweep, 1);
    retire();
    while (!sweep.is_working) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    tear_down();
    ck_assert_uint_eq(n_trims, 0);
}
END_TEST

SKT_SUITE("sweep",
          what_is_retired_is_swept_by_the_loop_and_not_here,
          what_comes_while_it_works_is_swept_afterwards,
          at_the_end_nothing_is_left,
          what_was_freed_goes_back_once_and_not_at_once,
          all_threads_share_the_heap_that_can_be_trimmed,
          when_nothing_was_freed_nothing_is_looked_at,
          what_was_swept_goes_back_too_and_later,
          an_agent_that_stops_keeps_what_it_has)
