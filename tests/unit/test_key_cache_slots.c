/* test_key_cache_slots.c - suite of libclient/key_cache_slots.c. */
#include "libclient/key_cache_slots.h"
#include "tests/lib/suite.h"

static struct skc_slots *make(uint32_t n)
{
    struct skc_slots *slots = NULL;

    skt_ok(skc_slots_new(n, &slots));
    return slots;
}

START_TEST(slots_with_one_hash_are_all_found)
{
    struct skc_slots *slots = make(4);
    uint32_t a = skc_slots_add(slots, 7);
    uint32_t b = skc_slots_add(slots, 7);
    uint32_t other = skc_slots_add(slots, 7 + 4); /* the same bucket */
    uint32_t first = skc_slots_first(slots, 7);
    uint32_t second = skc_slots_next(slots, first);

    ck_assert((first == a && second == b) || (first == b && second == a));
    ck_assert_uint_eq(skc_slots_next(slots, second), SKC_NO_SLOT);
    ck_assert_uint_eq(skc_slots_first(slots, 11), other);
    ck_assert_uint_eq(skc_slots_next(slots, other), SKC_NO_SLOT);
    ck_assert_uint_eq(skc_slots_first(slots, 3), SKC_NO_SLOT);
    skc_slots_remove(slots, a);
    ck_assert_uint_eq(skc_slots_first(slots, 7), b);
    ck_assert_uint_eq(skc_slots_next(slots, b), SKC_NO_SLOT);
    ck_assert_uint_eq(skc_slots_first(slots, 11), other);
    skc_slots_free(&slots);
    ck_assert_ptr_null(slots);
    skc_slots_free(&slots);
}
END_TEST

START_TEST(age_is_the_order_of_adding_and_touching)
{
    struct skc_slots *slots = make(3);
    uint32_t a;
    uint32_t b;
    uint32_t c;

    ck_assert_uint_eq(skc_slots_oldest(slots), SKC_NO_SLOT);
    a = skc_slots_add(slots, 1);
    b = skc_slots_add(slots, 2);
    c = skc_slots_add(slots, 3);
    ck_assert(skc_slots_is_full(slots));
    skc_slots_touch(slots, a);
    ck_assert_uint_eq(skc_slots_oldest(slots), b);
    ck_assert_uint_eq(skc_slots_newer(slots, b), c);
    ck_assert_uint_eq(skc_slots_newer(slots, c), a);
    ck_assert_uint_eq(skc_slots_newer(slots, a), SKC_NO_SLOT);
    skc_slots_touch(slots, a);
    skc_slots_touch(slots, c);
    skc_slots_remove(slots, a);
    ck_assert_uint_eq(skc_slots_newer(slots, b), c);
    skc_slots_remove(slots, b);
    skc_slots_remove(slots, c);
    ck_assert_uint_eq(skc_slots_oldest(slots), SKC_NO_SLOT);
    ck_assert_uint_eq(skc_slots_count(slots), 0);
    skc_slots_free(&slots);
}
END_TEST

/* Against the simplest thing that could be right: an array of hashes. */
START_TEST(long_use_loses_and_invents_nothing)
{
    enum {
        N = 13
    };
    struct skc_slots *slots = make(N);
    uint64_t kept[N] = { 0 }; /* 0: free */
    uint32_t n_kept = 0;
    uint32_t state = 1;

    for (unsigned step = 0; step < 20000; step++) {
        uint64_t hash;
        unsigned n_found = 0;
        unsigned n_wanted = 0;

        state = state * 1664525u + 1013904223u;
        hash = 1 + (state >> 16) % 20;
        if (state >> 31 == 0 && n_kept < N) {
            uint32_t slot = skc_slots_add(slots, hash);

            ck_assert_uint_lt(slot, N);
            ck_assert_uint_eq(kept[slot], 0);
            kept[slot] = hash;
            n_kept++;
        } else if (n_kept > 0) {
            uint32_t slot = skc_slots_oldest(slots);

            ck_assert_uint_ne(kept[slot], 0);
            skc_slots_remove(slots, slot);
            kept[slot] = 0;
            n_kept--;
        }
        ck_assert_uint_eq(skc_slots_count(slots), n_kept);
        for (uint32_t slot = skc_slots_first(slots, hash); slot != SKC_NO_SLOT;
             slot = skc_slots_next(slots, slot)) {
            ck_assert_uint_eq(kept[slot], hash);
            n_found++;
        }
        for (unsigned i = 0; i < N; i++) {
            n_wanted += kept[i] == hash ? 1 : 0;
        }
        ck_assert_uint_eq(n_found, n_wanted);
    }
    skc_slots_free(&slots);
}
END_TEST

SKT_SUITE("key_cache_slots",
          slots_with_one_hash_are_all_found,
          age_is_the_order_of_adding_and_touching,
          long_use_loses_and_invents_nothing)
