/* test_retired.c - proves retired.c: who frees what nobody holds. */
#include <pthread.h>
#include <stdatomic.h>

#include "agent/store/retired.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define N_THREADS 8u
#define N_EACH    20u

static atomic_uint n_wakes;

static void wake(void *state)
{
    ck_assert_ptr_eq(state, &n_wakes);
    n_wakes++;
}

START_TEST(without_a_sweeper_the_last_pin_wipes)
{
    struct skd_snapshot *large = skt_snapshot_many(SKD_SNAPSHOT_MANY, 1);

    skd_snapshot_unref(&large);
    ck_assert_uint_eq(skd_arena_held(), 0);
}
END_TEST

START_TEST(with_one_a_large_snapshot_waits_for_him)
{
    struct skd_snapshot *large = skt_snapshot_many(SKD_SNAPSHOT_MANY, 1);
    struct skd_snapshot *pin = skd_snapshot_ref(large);
    struct skd_snapshot *confirmed = NULL;
    size_t held = skd_arena_held();

    skd_retired_defer(wake, &n_wakes);
    skt_ok(skd_snapshot_confirm(large, 1, 1, &confirmed));
    skd_snapshot_unref(&large);
    skd_snapshot_unref(&pin);
    skd_retired_sweep();
    ck_assert_uint_eq(n_wakes, 0);
    ck_assert_uint_eq(skd_arena_held(), held); /* the keys are shared */
    skd_snapshot_unref(&confirmed);
    ck_assert_uint_eq(n_wakes, 1);
    ck_assert_uint_eq(skd_arena_held(), held);
    skd_retired_sweep();
    ck_assert_uint_eq(skd_arena_held(), 0);
    skd_retired_sweep();
    skd_retired_defer(NULL, NULL);
}
END_TEST

START_TEST(a_small_one_is_wiped_at_once_all_the_same)
{
    struct skd_snapshot *small = skt_snapshot_many(SKD_SNAPSHOT_MANY - 1, 1);

    skd_retired_defer(wake, &n_wakes);
    skd_snapshot_unref(&small);
    ck_assert_uint_eq(skd_arena_held(), 0);
    ck_assert_uint_eq(n_wakes, 0);
    skd_retired_defer(NULL, NULL);
}
END_TEST

START_TEST(once_nobody_sweeps_the_last_pin_wipes_again)
{
    struct skd_snapshot *large = skt_snapshot_many(SKD_SNAPSHOT_MANY, 1);

    skd_retired_defer(wake, &n_wakes);
    skd_retired_defer(NULL, NULL);
    skd_snapshot_unref(&large);
    ck_assert_uint_eq(skd_arena_held(), 0);
    ck_assert_uint_eq(n_wakes, 0);
}
END_TEST

static void *give_back(void *arg)
{
    struct skd_snapshot **snapshots = arg;

    for (size_t i = 0; i < N_EACH; i++) {
        skd_snapshot_unref(&snapshots[i]);
        if (i % 8 == 0) {
            skd_retired_sweep();
        }
    }
    return NULL;
}

START_TEST(many_threads_may_give_back_and_sweep)
{
    static struct skd_snapshot *snapshots[N_THREADS][N_EACH];
    pthread_t threads[N_THREADS];

    for (size_t i = 0; i < N_THREADS; i++) {
        for (size_t nth = 0; nth < N_EACH; nth++) {
            snapshots[i][nth] = skt_snapshot_many(SKD_SNAPSHOT_MANY, 1);
        }
    }
    skd_retired_defer(wake, &n_wakes);
    for (size_t i = 0; i < N_THREADS; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, give_back, snapshots[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    skd_retired_sweep();
    ck_assert_uint_eq(n_wakes, N_THREADS * N_EACH);
    ck_assert_uint_eq(skd_arena_held(), 0);
    skd_retired_defer(NULL, NULL);
}
END_TEST

SKT_SUITE("retired",
          without_a_sweeper_the_last_pin_wipes,
          with_one_a_large_snapshot_waits_for_him,
          a_small_one_is_wiped_at_once_all_the_same,
          once_nobody_sweeps_the_last_pin_wipes_again,
          many_threads_may_give_back_and_sweep)
