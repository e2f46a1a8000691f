/* test_build_removals.c - proves of build.c, brake.c and graves.c who goes when
 * a list lacks him, and what is left of him; and that whatever the sources say,
 * served stays served. */
#include <stdio.h>
#include <string.h>

#include "protocol/key.h"
#include "tests/lib/building.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/suite.h"

/* ---- removals ---- */

static struct skt_answer crowd[20];
static char crowd_ids[20][8];

/* The first @n of twenty tenants. */
static void step_crowd(struct skt_chain *chain, size_t n)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(crowd); i++) {
        (void)snprintf(crowd_ids[i], sizeof crowd_ids[i], "c%02zu", i);
        crowd[i] = (struct skt_answer){ .tenant = crowd_ids[i],
                                        .said = SKD_SAID_KEYS,
                                        .keys = { (uint8_t)(i + 1) } };
    }
    skt_chain_step(chain, crowd, n);
}

static void expect_crowd(const struct skt_chain *chain, size_t n, size_t n_held)
{
    ck_assert_uint_eq(skd_snapshot_count(chain->snapshot), n);
    ck_assert_uint_eq(chain->last.n_held, n_held);
    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *tenant = skt_chain_find(chain, crowd_ids[i]);

        ck_assert_ptr_nonnull(tenant);
        ck_assert_uint_eq(tenant->use, SKD_USE_ALL);
        ck_assert_uint_eq(
            skd_snapshot_key(chain->snapshot, tenant, 0).private_key[0], i + 1);
    }
}

START_TEST(a_tenant_that_the_list_lacks_goes)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 16);
    expect_crowd(&chain, 16, 0);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_REMOVED], 4);
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 16);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(the_brake_holds_a_short_list_twice_and_lets_the_third_through)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 20, 5);
    ck_assert_uint_eq(skt_chain_find(&chain, "c15")->missing, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "c15")->confirmed_ms, 2000);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 20, 5);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 15, 0);
    ck_assert_uint_eq(chain.last.n_removed, 5);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(an_empty_list_is_held_also_below_four_tenants)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 2, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 2, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 0, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_tenant_that_returns_starts_the_count_anew)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 10);
    step_crowd(&chain, 10);
    step_crowd(&chain, 20);
    expect_crowd(&chain, 20, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "c15")->missing, 0);
    ck_assert_ptr_null(skt_chain_find(&chain, "c15")->reason);
    step_crowd(&chain, 10);
    step_crowd(&chain, 10);
    expect_crowd(&chain, 20, 10);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(the_third_list_takes_only_those_that_all_three_lacked)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 15);
    step_crowd(&chain, 15);
    step_crowd(&chain, 10);
    expect_crowd(&chain, 15, 5);
    ck_assert_uint_eq(chain.last.n_removed, 5);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(newcomers_do_not_loosen_the_brake)
{
    static const struct skt_answer newcomer = { .tenant = "new",
                                                .said = SKD_SAID_KEYS,
                                                .keys = { 50 } };
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 3);
    skt_chain_step(&chain, &newcomer, 1);
    ck_assert_uint_eq(chain.last.n_held, 3);
    skt_chain_step(&chain, &newcomer,
                   1); /* three of four might go, were they not held */
    ck_assert_uint_eq(chain.last.n_held, 3);
    skt_chain_step(&chain, &newcomer, 1);
    ck_assert_uint_eq(chain.last.n_removed, 3);
    ck_assert_uint_eq(skd_snapshot_count(chain.snapshot), 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_retry_within_the_period_does_not_count)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    chain.input.counts = false;
    for (int i = 0; i < 10; i++) {
        step_crowd(&chain, 10);
        expect_crowd(&chain, 20, 10);
        ck_assert_uint_eq(skt_chain_find(&chain, "c15")->missing, 1);
    }
    skt_chain_end(&chain);
}
END_TEST

START_TEST(an_operator_may_let_it_through)
{
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    chain.input.accept_removals = true;
    step_crowd(&chain, 0);
    expect_crowd(&chain, 0, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_final_list_is_believed_at_once)
{
    struct skt_chain chain = skt_chain_begin();

    chain.input.is_final = true;
    step_crowd(&chain, 20);
    step_crowd(&chain, 1);
    expect_crowd(&chain, 1, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(on_demand_only_new_tenants_are_added)
{
    static const struct skt_answer answers[] = {
        { .tenant = "c00", .said = SKD_SAID_KEYS, .keys = { 99 } },
        { .tenant = "new", .said = SKD_SAID_KEYS, .keys = { 50 } },
    };
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 10);
    step_crowd(&chain, 5);
    ck_assert_uint_eq(skt_chain_find(&chain, "c07")->missing, 1);
    chain.input.is_demand = true;
    skt_chain_step(&chain, answers, 2);
    ck_assert_uint_eq(skd_snapshot_count(chain.snapshot), 11);
    ck_assert_uint_eq(skt_chain_find(&chain, "c07")->missing, 1);
    ck_assert_uint_eq(
        skd_snapshot_key(chain.snapshot, skt_chain_find(&chain, "c00"), 0)
            .private_key[0],
        1);
    ck_assert_uint_eq(skt_chain_find(&chain, "c00")->confirmed_ms, 3000);
    ck_assert_uint_eq(skt_chain_find(&chain, "new")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.last.n_new, 1);
    ck_assert_uint_eq(chain.last.n_changed, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_snapshot_of_the_other_mode_counts_as_none)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 7 } };
    struct skt_chain chain = skt_chain_begin();

    step_crowd(&chain, 20);
    chain.rules.single = true;
    skt_chain_step(&chain, &star, 1);
    ck_assert(skd_snapshot_is_single(chain.snapshot));
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 1);
    ck_assert_uint_eq(chain.last.n_removed, 0);
    skt_chain_step(&chain, &star, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "anybody")->confirmed_ms, 4000);
    skt_chain_end(&chain);
}
END_TEST

/* ---- who is gone ---- */

static const struct skd_tombstone *grave_of(const struct skt_chain *chain,
                                            const char *id)
{
    return skd_tombstones_find(skd_snapshot_tombstones(chain->snapshot),
                               skp_view_of(id));
}

START_TEST(a_tenant_that_was_removed_leaves_a_tombstone_and_its_numbers_go_on)
{
    struct skt_chain chain = skt_chain_begin();

    chain.input.is_final = true;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_step(&chain, NULL, 0);
    ck_assert_ptr_null(skt_chain_find(&chain, "t"));
    ck_assert_uint_eq(grave_of(&chain, "t")->why, SKD_GONE_REMOVED);
    ck_assert_int_eq(grave_of(&chain, "t")->at_s, 4);
    skt_chain_step(&chain, NULL, 0); /* and the tombstone stays */
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_expect_n(&chain, 1);
    skt_chain_expect(&chain, 0, 6, 3);
    ck_assert_ptr_null(grave_of(&chain, "t"));
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_tenant_that_comes_back_on_demand_has_its_numbers_too)
{
    struct skt_chain chain = skt_chain_begin();

    chain.input.is_final = true;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step(&chain, NULL, 0);
    chain.input.is_demand = true;
    skt_chain_step(&chain, NULL, 0);
    ck_assert_ptr_nonnull(grave_of(&chain, "t"));
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_expect(&chain, 0, 5, 2);
    ck_assert_ptr_null(grave_of(&chain, "t"));
    skt_chain_end(&chain);
}
END_TEST

START_TEST(who_was_destroyed_before_he_was_removed_is_destroyed)
{
    struct skt_chain chain = skt_chain_begin();

    chain.input.is_final = true;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_DESTROYED, 0);
    ck_assert(skt_chain_find(&chain, "t")->is_destroyed);
    ck_assert_ptr_null(grave_of(&chain, "t"));
    skt_chain_step(&chain, NULL, 0);
    ck_assert_uint_eq(grave_of(&chain, "t")->why, SKD_GONE_DESTROYED);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(whom_the_brake_holds_has_no_tombstone)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step(&chain, NULL, 0);
    ck_assert_ptr_nonnull(skt_chain_find(&chain, "t"));
    ck_assert_uint_eq(skd_snapshot_tombstones(chain.snapshot)->n, 0);
    skt_chain_end(&chain);
}
END_TEST

/* ---- whatever the sources say ---- */

#define N_RANDOM 6u

/* What was true of a tenant before the step. */
struct before {
    bool is_listed;
    bool has_key;
    uint64_t generation;
};

static void look(const struct skt_chain *chain, struct before before[N_RANDOM])
{
    for (size_t i = 0; i < N_RANDOM; i++) {
        const struct skd_tenant *tenant = skt_chain_find(chain, crowd_ids[i]);

        before[i] =
            (struct before){ tenant != NULL,
                             tenant != NULL && tenant->n_keys > 0,
                             tenant == NULL ? 0 : tenant->last_generation };
    }
}

/* Any answer for each tenant; each has keys of its own, 32 apart. */
static void draw_answers(struct skt_clock *dice)
{
    for (size_t i = 0; i < N_RANDOM; i++) {
        uint8_t key = (uint8_t)(32 * i + 1 + skd_env_pick(&dice->env, 5));
        uint64_t said = skd_env_pick(&dice->env, 2 * SKD_SAID_DESTROYED);

        (void)snprintf(crowd_ids[i], sizeof crowd_ids[i], "c%02zu", i);
        crowd[i] = (struct skt_answer){
            .tenant = crowd_ids[i],
            .said =
                said > SKD_SAID_DESTROYED ? SKD_SAID_KEYS : (enum skd_said)said,
            .is_private = true,
            .state = (enum skd_key_state)skd_env_pick(&dice->env, 3),
        };
        if (crowd[i].said == SKD_SAID_KEYS) {
            crowd[i].keys[0] = key;
            crowd[i].keys[1] =
                (uint8_t)(32 * i + 10 + skd_env_pick(&dice->env, 3));
        }
    }
}

static void check_keys(const struct skt_chain *chain,
                       const struct skd_tenant *tenant,
                       size_t i)
{
    for (size_t nth = 0; nth < tenant->n_keys; nth++) {
        struct skd_key key = skd_snapshot_key(chain->snapshot, tenant, nth);
        uint8_t public_key[SKP_KEY_LEN];

        /* Never another tenant's, and public and private belong together. */
        ck_assert_uint_eq(key.private_key[0] / 32, i);
        skp_key_public(key.private_key, public_key);
        ck_assert_mem_eq(key.public_key, public_key, SKP_KEY_LEN);
        ck_assert(nth == 0 || key.generation < tenant->last_generation);
        for (size_t other = 0; other < nth; other++) {
            ck_assert_uint_ne(
                skd_snapshot_key(chain->snapshot, tenant, other).private_key[0],
                key.private_key[0]);
        }
    }
}

static void check_step(const struct skt_chain *chain,
                       const struct before before[N_RANDOM],
                       size_t n_listed)
{
    for (size_t i = 0; i < N_RANDOM; i++) {
        const struct skd_tenant *tenant = skt_chain_find(chain, crowd_ids[i]);

        if (i < n_listed) {
            ck_assert_ptr_nonnull(tenant);
        }
        if (tenant == NULL) {
            continue;
        }
        if (before[i].is_listed) {
            ck_assert_uint_ge(tenant->last_generation, before[i].generation);
        }
        if (before[i].has_key && crowd[i].said != SKD_SAID_DESTROYED) {
            ck_assert_uint_gt(tenant->n_keys, 0);
        }
        ck_assert_int_eq(tenant->use == SKD_USE_NONE, tenant->n_keys == 0);
        check_keys(chain, tenant, i);
    }
}

START_TEST(whatever_they_say_served_stays_served_and_generations_grow)
{
    size_t held_before = skd_arena_held();
    struct skt_chain chain = skt_chain_begin();
    struct skt_clock dice;

    skt_clock_init(&dice, 0, 20);
    for (int i = 0; i < 2000; i++) {
        struct before before[N_RANDOM];
        size_t n_listed = N_RANDOM;

        draw_answers(&dice);
        if (skd_env_pick(&dice.env, 3) == 0) {
            n_listed = skd_env_pick(&dice.env, N_RANDOM);
        }
        chain.input.is_demand = skd_env_pick(&dice.env, 9) == 0;
        chain.input.counts = skd_env_pick(&dice.env, 1) == 0;
        if (chain.snapshot != NULL) {
            look(&chain, before);
        } else {
            memset(before, 0, sizeof before);
        }
        skt_chain_step(&chain, crowd, n_listed);
        if (chain.input.is_demand) {
            continue; /* the answers did not count for the known */
        }
        check_step(&chain, before, n_listed);
    }
    skt_chain_end(&chain);
    ck_assert_uint_eq(skd_arena_held(), held_before);
}
END_TEST

SKT_SUITE("build_removals",
          a_tenant_that_the_list_lacks_goes,
          the_brake_holds_a_short_list_twice_and_lets_the_third_through,
          an_empty_list_is_held_also_below_four_tenants,
          a_tenant_that_returns_starts_the_count_anew,
          the_third_list_takes_only_those_that_all_three_lacked,
          newcomers_do_not_loosen_the_brake,
          a_retry_within_the_period_does_not_count,
          an_operator_may_let_it_through,
          a_final_list_is_believed_at_once,
          on_demand_only_new_tenants_are_added,
          a_snapshot_of_the_other_mode_counts_as_none,
          a_tenant_that_was_removed_leaves_a_tombstone_and_its_numbers_go_on,
          a_tenant_that_comes_back_on_demand_has_its_numbers_too,
          who_was_destroyed_before_he_was_removed_is_destroyed,
          whom_the_brake_holds_has_no_tombstone,
          whatever_they_say_served_stays_served_and_generations_grow)
