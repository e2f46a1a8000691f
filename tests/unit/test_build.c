/* test_build.c - what each answer of a source makes of a tenant. */
#include <stdio.h>
#include <string.h>

#include "agent/refresh/build.h"
#include "protocol/key.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

/* One chain of refreshes: each step builds upon the last snapshot. */
struct chain {
    struct skd_refresh_rules rules;
    struct skd_build_input input;
    struct skd_snapshot *snapshot;
    struct skd_build last; /* its events are copied to kinds */
    size_t n_of_kind[SKD_EVENT_COUNT];
    uint64_t now_ms;
};

static struct chain begin(void)
{
    struct chain chain = {
        .rules = { .update_period_ms = 1000,
                   .keep_generations = 4,
                   .removal_brake = 0.2 },
        .input = { .counts = true },
        .now_ms = 1000,
    };

    return chain;
}

static void end(struct chain *chain)
{
    skd_snapshot_unref(&chain->snapshot);
}

static void
step(struct chain *chain, const struct skt_answer *answers, size_t n)
{
    struct skd_material *material = skt_material(answers, n);
    struct skd_build_input input = chain->input;
    struct skd_build build;
    struct skp_diag diag = { "" };

    chain->now_ms += 1000;
    input.material = material;
    input.old = chain->snapshot;
    input.rules = &chain->rules;
    input.asked_ms = chain->now_ms;
    input.asked_s = (int64_t)chain->now_ms / 1000;
    skt_ok(skd_build(&input, &build, &diag));
    memset(chain->n_of_kind, 0, sizeof chain->n_of_kind);
    for (size_t i = 0; i < build.events.n; i++) {
        chain->n_of_kind[build.events.list[i].kind]++;
    }
    chain->last = build;
    skd_snapshot_unref(&chain->snapshot);
    chain->snapshot = SKP_TAKE(build.snapshot);
    skd_build_done(&build);
    skd_material_free(&material);
}

/* One step with one tenant "t" of which @said is said, and key @key unless
 * 0. */
static void step_one(struct chain *chain, enum skd_said said, uint8_t key)
{
    const struct skt_answer answer = {
        .tenant = "t", .said = said, .keys = { key }, .is_private = true
    };

    step(chain, &answer, 1);
}

static const struct skd_tenant *find(const struct chain *chain, const char *id)
{
    return skd_snapshot_find(chain->snapshot, skp_view_of(id));
}

/* The number of key @nth of "t", its generation as a second result. */
static uint8_t
key_at(const struct chain *chain, size_t nth, uint64_t *ret_generation)
{
    struct skd_key key =
        skd_snapshot_key(chain->snapshot, find(chain, "t"), nth);

    *ret_generation = key.generation;
    return key.private_key[0];
}

static void
expect_key(const struct chain *chain, size_t nth, uint8_t key, uint64_t gen)
{
    uint64_t generation = 0;

    ck_assert_uint_eq(key_at(chain, nth, &generation), key);
    ck_assert_uint_eq(generation, gen);
}

static void expect_n_keys(const struct chain *chain, uint32_t n)
{
    ck_assert_uint_eq(find(chain, "t")->n_keys, n);
}

START_TEST(a_first_seed_is_generation_1_with_its_public_key_and_id)
{
    struct chain chain = begin();
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
    struct skd_key key;

    memset(private_key, 5, sizeof private_key);
    skp_key_public(private_key, public_key);
    skp_key_id(public_key, key_id);
    step_one(&chain, SKD_SAID_KEYS, 5);
    key = skd_snapshot_key(chain.snapshot, find(&chain, "t"), 0);
    ck_assert_mem_eq(key.private_key, private_key, SKP_KEY_LEN);
    ck_assert_mem_eq(key.public_key, public_key, SKP_KEY_LEN);
    ck_assert_mem_eq(key.key_id, key_id, SKP_KEY_ID_LEN);
    ck_assert_uint_eq(key.generation, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_ptr_null(find(&chain, "t")->reason);
    ck_assert_uint_eq(find(&chain, "t")->confirmed_ms, 2000);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_FIRST_KEY], 1);
    ck_assert_uint_eq(chain.last.n_new, 1);
    end(&chain);
}
END_TEST

START_TEST(the_same_seed_changes_nothing_but_when_it_was_confirmed)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, SKD_SAID_KEYS, 5);
    expect_n_keys(&chain, 1);
    expect_key(&chain, 0, 5, 1);
    ck_assert_uint_eq(find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_int_eq(find(&chain, "t")->confirmed_at_s, 3);
    ck_assert_uint_eq(chain.last.n_new + chain.last.n_changed, 0);
    end(&chain);
}
END_TEST

START_TEST(another_seed_becomes_current_and_the_former_stays)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, SKD_SAID_KEYS, 6);
    expect_n_keys(&chain, 2);
    expect_key(&chain, 0, 6, 2);
    expect_key(&chain, 1, 5, 1);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_KEY_CHANGED], 1);
    ck_assert_uint_eq(chain.last.n_changed, 1);
    end(&chain);
}
END_TEST

START_TEST(only_so_many_former_keys_are_remembered)
{
    struct chain chain = begin();

    chain.rules.keep_generations = 2;
    for (uint8_t key = 1; key <= 6; key++) {
        step_one(&chain, SKD_SAID_KEYS, key);
    }
    expect_n_keys(&chain, 3);
    expect_key(&chain, 0, 6, 6);
    expect_key(&chain, 1, 5, 5);
    expect_key(&chain, 2, 4, 4);
    chain.rules.keep_generations = 0;
    step_one(&chain, SKD_SAID_KEYS, 6);
    expect_n_keys(&chain, 1);
    end(&chain);
}
END_TEST

START_TEST(a_former_seed_that_returns_gets_a_new_generation)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, SKD_SAID_KEYS, 6);
    step_one(&chain, SKD_SAID_KEYS, 5);
    expect_n_keys(&chain, 2);
    expect_key(&chain, 0, 5, 3);
    expect_key(&chain, 1, 6, 2);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_KEY_CHANGED], 1);
    end(&chain);
}
END_TEST

START_TEST(former_seeds_that_a_source_lists_are_all_kept_as_older_ones)
{
    static const struct skt_answer listed = { .tenant = "t",
                                              .said = SKD_SAID_KEYS,
                                              .keys = { 9, 8, 7, 8, 9 } };
    struct chain chain = begin();

    chain.rules.keep_generations = 1;
    step(&chain, &listed, 1);
    expect_n_keys(&chain, 3);
    expect_key(&chain, 0, 9, 1);
    expect_key(&chain, 1, 8, 0);
    expect_key(&chain, 2, 7, 0);
    step(&chain, &listed, 1);
    expect_n_keys(&chain, 3);
    expect_key(&chain, 0, 9, 1);
    /* No longer listed, they are remembered ones, and one of those is kept. */
    step_one(&chain, SKD_SAID_KEYS, 9);
    expect_n_keys(&chain, 2);
    expect_key(&chain, 1, 8, 0);
    end(&chain);
}
END_TEST

START_TEST(a_rotation_that_lists_the_former_seed_keeps_its_generation)
{
    static const struct skt_answer rotated = { .tenant = "t",
                                               .said = SKD_SAID_KEYS,
                                               .keys = { 6, 5, 4 } };
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 5);
    step(&chain, &rotated, 1);
    expect_n_keys(&chain, 3);
    expect_key(&chain, 0, 6, 2);
    expect_key(&chain, 1, 5, 1);
    expect_key(&chain, 2, 4, 0);
    end(&chain);
}
END_TEST

static const struct {
    enum skd_said said;
    enum skd_event_kind kind;
    size_t n_unreached;
} troubles[] = {
    { SKD_SAID_UNREACHED, SKD_EVENT_UNREACHED, 1 },
    { SKD_SAID_ASK, SKD_EVENT_UNREACHED, 1 },
    { SKD_SAID_ABSENT, SKD_EVENT_ABSENT, 0 },
    { SKD_SAID_DUPLICATE, SKD_EVENT_DUPLICATE, 0 },
    { SKD_SAID_UNUSABLE, SKD_EVENT_UNUSABLE, 0 },
};

static void check_last_good(size_t nth)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 4);
    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, troubles[nth].said, 0);
    expect_n_keys(&chain, 2);
    expect_key(&chain, 0, 5, 2);
    expect_key(&chain, 1, 4, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_ptr_nonnull(find(&chain, "t")->reason);
    ck_assert_uint_eq(chain.n_of_kind[troubles[nth].kind], 1);
    ck_assert_uint_eq(chain.last.n_unreached, troubles[nth].n_unreached);
    /* And when it is over, it is over. */
    step_one(&chain, SKD_SAID_KEYS, 5);
    ck_assert_ptr_null(find(&chain, "t")->reason);
    expect_key(&chain, 0, 5, 2);
    end(&chain);
}

START_TEST(in_trouble_the_last_good_key_stays_unconfirmed_and_with_a_reason)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(troubles); i++) {
        check_last_good(i);
    }
}
END_TEST

static void check_without_key(size_t nth)
{
    struct chain chain = begin();

    step_one(&chain, troubles[nth].said, 0);
    ck_assert_ptr_nonnull(find(&chain, "t"));
    expect_n_keys(&chain, 0);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_NONE);
    ck_assert_int_eq(find(&chain, "t")->confirmed_at_s, 0);
    ck_assert_ptr_nonnull(find(&chain, "t")->reason);
    step_one(&chain, SKD_SAID_KEYS, 5);
    expect_key(&chain, 0, 5, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_FIRST_KEY], 1);
    end(&chain);
}

START_TEST(in_trouble_from_the_first_a_tenant_is_there_without_a_key)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(troubles); i++) {
        check_without_key(i);
    }
}
END_TEST

START_TEST(the_sources_own_reason_is_kept)
{
    static const struct skt_answer answer = {
        .tenant = "t",
        .said = SKD_SAID_UNREACHED,
        .reason = "error reading kms response",
    };
    struct chain chain = begin();

    step(&chain, &answer, 1);
    ck_assert_str_eq(find(&chain, "t")->reason, "error reading kms response");
    end(&chain);
}
END_TEST

static const struct {
    enum skd_key_state state;
    enum skd_use use;
    enum skd_event_kind kind;
} states[] = {
    { SKD_KEY_PRE_ACTIVE, SKD_USE_ALL, SKD_EVENT_PRE_ACTIVE },
    { SKD_KEY_DEACTIVATED, SKD_USE_DECRYPT_ONLY, SKD_EVENT_DEACTIVATED },
    { SKD_KEY_COMPROMISED, SKD_USE_DECRYPT_ONLY, SKD_EVENT_COMPROMISED },
};

static void check_state(size_t nth)
{
    struct skt_answer answer = { .tenant = "t",
                                 .said = SKD_SAID_KEYS,
                                 .keys = { 5 },
                                 .state = states[nth].state };
    struct chain chain = begin();

    step(&chain, &answer, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, states[nth].use);
    ck_assert_uint_eq(chain.n_of_kind[states[nth].kind], 1);
    step(&chain, &answer, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, states[nth].use);
    ck_assert_uint_eq(chain.n_of_kind[states[nth].kind], 0);
    /* An unreached KMS does not set a key free. */
    step_one(&chain, SKD_SAID_UNREACHED, 0);
    ck_assert_uint_eq(find(&chain, "t")->use, states[nth].use);
    answer.state = SKD_KEY_ACTIVE;
    step(&chain, &answer, 1);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_ACTIVE], 1);
    end(&chain);
}

START_TEST(a_state_decides_the_use_and_is_told_once)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(states); i++) {
        check_state(i);
    }
}
END_TEST

START_TEST(a_destroyed_key_is_dropped_and_generations_go_on)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 4);
    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, SKD_SAID_DESTROYED, 0);
    expect_n_keys(&chain, 0);
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 0);
    ck_assert_uint_eq(find(&chain, "t")->use, SKD_USE_NONE);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_DESTROYED], 1);
    step_one(&chain, SKD_SAID_DESTROYED, 0);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_DESTROYED], 0);
    step_one(&chain, SKD_SAID_KEYS, 6);
    expect_n_keys(&chain, 1);
    expect_key(&chain, 0, 6, 3);
    end(&chain);
}
END_TEST

START_TEST(an_unchanged_tenant_is_confirmed_unless_it_was_in_trouble)
{
    struct chain chain = begin();

    step_one(&chain, SKD_SAID_KEYS, 5);
    step_one(&chain, SKD_SAID_SAME, 0);
    expect_key(&chain, 0, 5, 1);
    ck_assert_uint_eq(find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_ptr_null(find(&chain, "t")->reason);
    step_one(&chain, SKD_SAID_UNUSABLE, 0);
    step_one(&chain, SKD_SAID_SAME, 0);
    ck_assert_uint_eq(find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_str_eq(find(&chain, "t")->reason, "its seed is unusable");
    end(&chain);
}
END_TEST

START_TEST(a_refused_seed_of_the_list_is_told_and_the_kms_answer_counts)
{
    static const struct skt_answer answer = { .tenant = "t",
                                              .said = SKD_SAID_KEYS,
                                              .keys = { 5 },
                                              .is_private = true,
                                              .list_refused = true };
    struct chain chain = begin();

    step(&chain, &answer, 1);
    expect_key(&chain, 0, 5, 1);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_LIST_REFUSED], 1);
    end(&chain);
}
END_TEST

START_TEST(a_tenant_may_become_private_and_keeps_its_key_until_the_kms_answers)
{
    static const struct skt_answer in_list = { .tenant = "t",
                                               .said = SKD_SAID_KEYS,
                                               .keys = { 5 } };
    struct chain chain = begin();

    step(&chain, &in_list, 1);
    ck_assert_uint_eq(find(&chain, "t")->origin, SKP_ORIGIN_COORDINATOR);
    step_one(&chain, SKD_SAID_UNREACHED, 0);
    ck_assert(find(&chain, "t")->is_private);
    ck_assert_uint_eq(find(&chain, "t")->origin, SKP_ORIGIN_COORDINATOR);
    expect_key(&chain, 0, 5, 1);
    step_one(&chain, SKD_SAID_KEYS, 6);
    ck_assert_uint_eq(find(&chain, "t")->origin, SKP_ORIGIN_KMIP);
    expect_key(&chain, 0, 6, 2);
    step(&chain, &in_list, 1);
    ck_assert(!find(&chain, "t")->is_private);
    expect_key(&chain, 0, 5, 3);
    end(&chain);
}
END_TEST

/* ---- removals ---- */

static struct skt_answer crowd[20];
static char crowd_ids[20][8];

/* The first @n of twenty tenants. */
static void step_crowd(struct chain *chain, size_t n)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(crowd); i++) {
        (void)snprintf(crowd_ids[i], sizeof crowd_ids[i], "c%02zu", i);
        crowd[i] = (struct skt_answer){ .tenant = crowd_ids[i],
                                        .said = SKD_SAID_KEYS,
                                        .keys = { (uint8_t)(i + 1) } };
    }
    step(chain, crowd, n);
}

static void expect_crowd(const struct chain *chain, size_t n, size_t n_held)
{
    ck_assert_uint_eq(skd_snapshot_count(chain->snapshot), n);
    ck_assert_uint_eq(chain->last.n_held, n_held);
    for (size_t i = 0; i < n; i++) {
        const struct skd_tenant *tenant = find(chain, crowd_ids[i]);

        ck_assert_ptr_nonnull(tenant);
        ck_assert_uint_eq(tenant->use, SKD_USE_ALL);
        ck_assert_uint_eq(
            skd_snapshot_key(chain->snapshot, tenant, 0).private_key[0], i + 1);
    }
}

START_TEST(a_tenant_that_the_list_lacks_goes)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 16);
    expect_crowd(&chain, 16, 0);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_REMOVED], 4);
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 16);
    end(&chain);
}
END_TEST

START_TEST(the_brake_holds_a_short_list_twice_and_lets_the_third_through)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 20, 5);
    ck_assert_uint_eq(find(&chain, "c15")->missing, 1);
    ck_assert_uint_eq(find(&chain, "c15")->confirmed_ms, 2000);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 20, 5);
    step_crowd(&chain, 15);
    expect_crowd(&chain, 15, 0);
    ck_assert_uint_eq(chain.last.n_removed, 5);
    end(&chain);
}
END_TEST

START_TEST(an_empty_list_is_held_also_below_four_tenants)
{
    struct chain chain = begin();

    step_crowd(&chain, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 2, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 2, 2);
    step_crowd(&chain, 0);
    expect_crowd(&chain, 0, 0);
    end(&chain);
}
END_TEST

START_TEST(a_tenant_that_returns_starts_the_count_anew)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 10);
    step_crowd(&chain, 10);
    step_crowd(&chain, 20);
    expect_crowd(&chain, 20, 0);
    ck_assert_uint_eq(find(&chain, "c15")->missing, 0);
    ck_assert_ptr_null(find(&chain, "c15")->reason);
    step_crowd(&chain, 10);
    step_crowd(&chain, 10);
    expect_crowd(&chain, 20, 10);
    end(&chain);
}
END_TEST

START_TEST(the_third_list_takes_only_those_that_all_three_lacked)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    step_crowd(&chain, 15);
    step_crowd(&chain, 15);
    step_crowd(&chain, 10);
    expect_crowd(&chain, 15, 5);
    ck_assert_uint_eq(chain.last.n_removed, 5);
    end(&chain);
}
END_TEST

START_TEST(newcomers_do_not_loosen_the_brake)
{
    static const struct skt_answer newcomer = { .tenant = "new",
                                                .said = SKD_SAID_KEYS,
                                                .keys = { 50 } };
    struct chain chain = begin();

    step_crowd(&chain, 3);
    step(&chain, &newcomer, 1);
    ck_assert_uint_eq(chain.last.n_held, 3);
    step(&chain, &newcomer, 1); /* three of four might go, were they not held */
    ck_assert_uint_eq(chain.last.n_held, 3);
    step(&chain, &newcomer, 1);
    ck_assert_uint_eq(chain.last.n_removed, 3);
    ck_assert_uint_eq(skd_snapshot_count(chain.snapshot), 1);
    end(&chain);
}
END_TEST

START_TEST(a_retry_within_the_period_does_not_count)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    chain.input.counts = false;
    for (int i = 0; i < 10; i++) {
        step_crowd(&chain, 10);
        expect_crowd(&chain, 20, 10);
        ck_assert_uint_eq(find(&chain, "c15")->missing, 1);
    }
    end(&chain);
}
END_TEST

START_TEST(an_operator_may_let_it_through)
{
    struct chain chain = begin();

    step_crowd(&chain, 20);
    chain.input.accept_removals = true;
    step_crowd(&chain, 0);
    expect_crowd(&chain, 0, 0);
    end(&chain);
}
END_TEST

START_TEST(a_final_list_is_believed_at_once)
{
    struct chain chain = begin();

    chain.input.is_final = true;
    step_crowd(&chain, 20);
    step_crowd(&chain, 1);
    expect_crowd(&chain, 1, 0);
    end(&chain);
}
END_TEST

START_TEST(on_demand_only_new_tenants_are_added)
{
    static const struct skt_answer answers[] = {
        { .tenant = "c00", .said = SKD_SAID_KEYS, .keys = { 99 } },
        { .tenant = "new", .said = SKD_SAID_KEYS, .keys = { 50 } },
    };
    struct chain chain = begin();

    step_crowd(&chain, 10);
    step_crowd(&chain, 5);
    ck_assert_uint_eq(find(&chain, "c07")->missing, 1);
    chain.input.is_demand = true;
    step(&chain, answers, 2);
    ck_assert_uint_eq(skd_snapshot_count(chain.snapshot), 11);
    ck_assert_uint_eq(find(&chain, "c07")->missing, 1);
    ck_assert_uint_eq(
        skd_snapshot_key(chain.snapshot, find(&chain, "c00"), 0).private_key[0],
        1);
    ck_assert_uint_eq(find(&chain, "c00")->confirmed_ms, 3000);
    ck_assert_uint_eq(find(&chain, "new")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.last.n_new, 1);
    ck_assert_uint_eq(chain.last.n_changed, 0);
    end(&chain);
}
END_TEST

START_TEST(a_snapshot_of_the_other_mode_counts_as_none)
{
    static const struct skt_answer star = { .tenant = "*",
                                            .said = SKD_SAID_KEYS,
                                            .keys = { 7 } };
    struct chain chain = begin();

    step_crowd(&chain, 20);
    chain.rules.single = true;
    step(&chain, &star, 1);
    ck_assert(skd_snapshot_is_single(chain.snapshot));
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 1);
    ck_assert_uint_eq(chain.last.n_removed, 0);
    step(&chain, &star, 1);
    ck_assert_uint_eq(find(&chain, "anybody")->confirmed_ms, 4000);
    end(&chain);
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

static void look(const struct chain *chain, struct before before[N_RANDOM])
{
    for (size_t i = 0; i < N_RANDOM; i++) {
        const struct skd_tenant *tenant = find(chain, crowd_ids[i]);

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

static void
check_keys(const struct chain *chain, const struct skd_tenant *tenant, size_t i)
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

static void check_step(const struct chain *chain,
                       const struct before before[N_RANDOM],
                       size_t n_listed)
{
    for (size_t i = 0; i < N_RANDOM; i++) {
        const struct skd_tenant *tenant = find(chain, crowd_ids[i]);

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
    struct chain chain = begin();
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
        step(&chain, crowd, n_listed);
        if (chain.input.is_demand) {
            continue; /* the answers did not count for the known */
        }
        check_step(&chain, before, n_listed);
    }
    end(&chain);
    ck_assert_uint_eq(skd_arena_held(), held_before);
}
END_TEST

SKT_SUITE("build",
          a_first_seed_is_generation_1_with_its_public_key_and_id,
          the_same_seed_changes_nothing_but_when_it_was_confirmed,
          another_seed_becomes_current_and_the_former_stays,
          only_so_many_former_keys_are_remembered,
          a_former_seed_that_returns_gets_a_new_generation,
          former_seeds_that_a_source_lists_are_all_kept_as_older_ones,
          a_rotation_that_lists_the_former_seed_keeps_its_generation,
          in_trouble_the_last_good_key_stays_unconfirmed_and_with_a_reason,
          in_trouble_from_the_first_a_tenant_is_there_without_a_key,
          the_sources_own_reason_is_kept,
          a_state_decides_the_use_and_is_told_once,
          a_destroyed_key_is_dropped_and_generations_go_on,
          an_unchanged_tenant_is_confirmed_unless_it_was_in_trouble,
          a_refused_seed_of_the_list_is_told_and_the_kms_answer_counts,
          a_tenant_may_become_private_and_keeps_its_key_until_the_kms_answers,
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
          whatever_they_say_served_stays_served_and_generations_grow)
