/* test_audit_ring.c - proves audit_ring.c: what one thread puts the other one
 * takes, once, in order, and nobody waits. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "agent/serve/audit_ring.h"
#include "tests/lib/suite.h"

static struct skd_audit_record numbered(uint64_t number)
{
    return (struct skd_audit_record){ .duration_us = number, .count = ~number };
}

START_TEST(records_come_out_in_the_order_they_went_in)
{
    struct skd_audit_ring ring;

    skt_ok(skd_audit_ring_init(&ring, 8));
    for (uint64_t i = 0; i < 100; i++) {
        struct skd_audit_record record = numbered(i);

        ck_assert(skd_audit_ring_put(&ring, &record, 0));
        ck_assert_uint_eq(skd_audit_ring_first(&ring)->duration_us, i);
        ck_assert_uint_eq(skd_audit_ring_room(&ring), 7);
        skd_audit_ring_drop(&ring);
    }
    ck_assert_ptr_null(skd_audit_ring_first(&ring));
    skd_audit_ring_done(&ring);
}
END_TEST

START_TEST(what_finds_no_room_is_counted_and_the_rest_stays)
{
    struct skd_audit_ring ring;

    skt_ok(skd_audit_ring_init(&ring, 8));
    for (uint64_t i = 0; i < 20; i++) {
        struct skd_audit_record record = numbered(i);

        ck_assert_int_eq(skd_audit_ring_put(&ring, &record, 0), i < 8);
    }
    ck_assert_uint_eq(atomic_load(&ring.n_lost), 12);
    for (uint64_t i = 0; i < 8; i++) {
        ck_assert_uint_eq(skd_audit_ring_first(&ring)->duration_us, i);
        skd_audit_ring_drop(&ring);
    }
    skd_audit_ring_done(&ring);
}
END_TEST

START_TEST(what_is_set_aside_is_left_to_others)
{
    struct skd_audit_ring ring;
    struct skd_audit_record record = numbered(1);

    skt_ok(skd_audit_ring_init(&ring, 8));
    for (uint64_t i = 0; i < 20; i++) {
        ck_assert_int_eq(skd_audit_ring_put(&ring, &record, 4), i < 4);
    }
    ck_assert(skd_audit_ring_put(&ring, &record, 0));
    skd_audit_ring_done(&ring);
}
END_TEST

START_TEST(the_process_of_a_record_goes_with_it)
{
    struct skd_process *process = calloc(1, sizeof *process);
    struct skd_audit_record record = numbered(1);
    struct skd_audit_ring ring;

    skt_ok(skd_audit_ring_init(&ring, 2));
    atomic_init(&process->refs, 1);
    for (int i = 0; i < 3; i++) { /* the third finds no room */
        record.process = skd_process_ref(process);
        (void)skd_audit_ring_put(&ring, &record, 0);
    }
    ck_assert_uint_eq(atomic_load(&process->refs), 3);
    skd_audit_ring_drop(&ring);
    ck_assert_uint_eq(atomic_load(&process->refs), 2);
    skd_audit_ring_done(&ring);
    ck_assert_uint_eq(atomic_load(&process->refs), 1);
    skd_process_unref(&process);
}
END_TEST

#define N_RECORDS 200000u

static void *put_many(void *state)
{
    struct skd_audit_ring *ring = state;

    for (uint64_t i = 0; i < N_RECORDS; i++) {
        struct skd_audit_record record = numbered(i);

        while (skd_audit_ring_room(ring) == 0) {
            (void)sched_yield();
        }
        (void)skd_audit_ring_put(ring, &record, 0);
    }
    return NULL;
}

START_TEST(two_threads_lose_nothing)
{
    struct skd_audit_ring ring;
    pthread_t thread;

    skt_ok(skd_audit_ring_init(&ring, 64));
    ck_assert_int_eq(pthread_create(&thread, NULL, put_many, &ring), 0);
    for (uint64_t i = 0; i < N_RECORDS; i++) {
        const struct skd_audit_record *record;

        while ((record = skd_audit_ring_first(&ring)) == NULL) {
            (void)sched_yield();
        }
        ck_assert_uint_eq(record->duration_us, i);
        ck_assert_uint_eq(record->count, ~i);
        skd_audit_ring_drop(&ring);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(atomic_load(&ring.n_lost), 0);
    skd_audit_ring_done(&ring);
}
END_TEST

SKT_SUITE("audit_ring",
          records_come_out_in_the_order_they_went_in,
          what_finds_no_room_is_counted_and_the_rest_stays,
          what_is_set_aside_is_left_to_others,
          the_process_of_a_record_goes_with_it,
          two_threads_lose_nothing)
