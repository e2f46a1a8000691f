/* test_build_shared.c - proves of build.c that a refresh which changes nothing
 * shares what is served, and every other one does not. */
#include "tests/lib/building.h"
#include "tests/lib/suite.h"

/* Take @answers twice, and after the second time whether the snapshot shares
 * what the first one held. */
static bool
shares(struct skt_chain *chain, const struct skt_answer *answers, size_t n)
{
    struct skd_snapshot *before;
    size_t held;
    bool is_same;

    skt_chain_step(chain, answers, n);
    before = skd_snapshot_ref(chain->snapshot);
    held = skd_arena_held();
    skt_chain_step(chain, answers, n);
    is_same = skd_snapshot_is_same(before, chain->snapshot);
    ck_assert_int_eq(is_same, skd_arena_held() == held);
    skd_snapshot_unref(&before);
    return is_same;
}

START_TEST(a_refresh_that_changes_nothing_copies_no_key)
{
    static const struct skt_answer all_well[] = {
        { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1, 2 } },
        { .tenant = "t", .said = SKD_SAID_KEYS, .keys = { 3 } },
    };
    struct skt_chain chain = skt_chain_begin();

    ck_assert(shares(&chain, all_well, 2));
    ck_assert_uint_eq(skt_chain_find(&chain, "a")->confirmed_ms, 3000);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_FIRST_KEY], 0);
    /* A row that was shared is as fresh in what comes after it. */
    skt_chain_step_one(&chain, SKD_SAID_UNREACHED, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_int_eq(skt_chain_find(&chain, "t")->confirmed_at_s, 3);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(trouble_that_goes_on_copies_no_key_and_confirms_only_the_others)
{
    static const struct skt_answer some_trouble[] = {
        { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1 } },
        { .tenant = "t", .said = SKD_SAID_UNREACHED, .reason = "down" },
        { .tenant = "u", .said = SKD_SAID_ABSENT },
    };
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    ck_assert(shares(&chain, some_trouble, 3));
    ck_assert_uint_eq(skt_chain_find(&chain, "a")->confirmed_ms, 4000);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 2000);
    ck_assert_str_eq(skt_chain_find(&chain, "t")->reason, "down");
    ck_assert_uint_eq(skt_chain_find(&chain, "u")->confirmed_ms, 0);
    /* It is told, and counted, each time. */
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_UNREACHED], 1);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_ABSENT], 1);
    ck_assert_uint_eq(chain.last.n_unreached, 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(whatever_changes_makes_a_snapshot_of_its_own)
{
    static const struct skt_answer before[] = {
        { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1, 2 } },
        { .tenant = "b", .said = SKD_SAID_KEYS, .keys = { 3 } },
    };
    static const struct skt_answer after[][2] = {
        { { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 2, 1 } },
          before[1] },
        { { .tenant = "a", .said = SKD_SAID_KEYS, .keys = { 1, 2, 9 } },
          before[1] },
        { { .tenant = "a",
            .said = SKD_SAID_KEYS,
            .keys = { 1, 2 },
            .state = SKD_KEY_DEACTIVATED },
          before[1] },
        { { .tenant = "a",
            .said = SKD_SAID_KEYS,
            .keys = { 1, 2 },
            .is_private = true },
          before[1] },
        { { .tenant = "a", .said = SKD_SAID_UNREACHED }, before[1] },
        { { .tenant = "a", .said = SKD_SAID_DESTROYED }, before[1] },
        { before[0], { .tenant = "c", .said = SKD_SAID_KEYS, .keys = { 3 } } },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(after); i++) {
        struct skt_chain chain = skt_chain_begin();
        struct skd_snapshot *old;

        skt_chain_step(&chain, before, 2);
        old = skd_snapshot_ref(chain.snapshot);
        skt_chain_step(&chain, after[i], 2);
        ck_assert_msg(!skd_snapshot_is_same(old, chain.snapshot), "%zu", i);
        skd_snapshot_unref(&old);
        skt_chain_end(&chain);
    }
}
END_TEST

START_TEST(fewer_tenants_or_fewer_kept_keys_are_a_change)
{
    static const struct skt_answer two[] = {
        { .tenant = "t", .said = SKD_SAID_KEYS, .keys = { 1 } },
        { .tenant = "u", .said = SKD_SAID_KEYS, .keys = { 2 } },
    };
    struct skt_chain chain = skt_chain_begin();

    chain.input.is_final = true;
    skt_chain_step(&chain, two, 2);
    skt_chain_step(&chain, two, 1);
    ck_assert_ptr_null(skt_chain_find(&chain, "u"));
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 3);
    skt_chain_expect_n(&chain, 2);
    chain.rules.keep_generations = 0;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 3);
    skt_chain_expect_n(&chain, 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(on_demand_nothing_new_is_shared_and_confirms_nothing)
{
    struct skt_chain chain = skt_chain_begin();
    struct skd_snapshot *old;

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    old = skd_snapshot_ref(chain.snapshot);
    chain.input.is_demand = true;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    ck_assert(skd_snapshot_is_same(old, chain.snapshot));
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 2000);
    skd_snapshot_unref(&old);
    skt_chain_end(&chain);
}
END_TEST

SKT_SUITE("build_shared",
          a_refresh_that_changes_nothing_copies_no_key,
          trouble_that_goes_on_copies_no_key_and_confirms_only_the_others,
          whatever_changes_makes_a_snapshot_of_its_own,
          fewer_tenants_or_fewer_kept_keys_are_a_change,
          on_demand_nothing_new_is_shared_and_confirms_nothing)
