/* test_build.c - what each answer of a source makes of a tenant's keys.  Who
 * goes and stays is in test_build_removals.c, what is not copied in
 * test_build_shared.c. */
#include <string.h>

#include "protocol/key.h"
#include "tests/lib/building.h"
#include "tests/lib/suite.h"

START_TEST(a_first_seed_is_generation_1_with_its_public_key_and_id)
{
    struct skt_chain chain = skt_chain_begin();
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
    struct skd_key key;

    memset(private_key, 5, sizeof private_key);
    skp_key_public(private_key, public_key);
    skp_key_id(public_key, key_id);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    key = skd_snapshot_key(chain.snapshot, skt_chain_find(&chain, "t"), 0);
    ck_assert_mem_eq(key.private_key, private_key, SKP_KEY_LEN);
    ck_assert_mem_eq(key.public_key, public_key, SKP_KEY_LEN);
    ck_assert_mem_eq(key.key_id, key_id, SKP_KEY_ID_LEN);
    ck_assert_uint_eq(key.generation, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_ptr_null(skt_chain_find(&chain, "t")->reason);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 2000);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_FIRST_KEY], 1);
    ck_assert_uint_eq(chain.last.n_new, 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(the_same_seed_changes_nothing_but_when_it_was_confirmed)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_expect_n(&chain, 1);
    skt_chain_expect(&chain, 0, 5, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_int_eq(skt_chain_find(&chain, "t")->confirmed_at_s, 3);
    ck_assert_uint_eq(chain.last.n_new + chain.last.n_changed, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(another_seed_becomes_current_and_the_former_stays)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_expect_n(&chain, 2);
    skt_chain_expect(&chain, 0, 6, 2);
    skt_chain_expect(&chain, 1, 5, 1);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_KEY_CHANGED], 1);
    ck_assert_uint_eq(chain.last.n_changed, 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(only_so_many_former_keys_are_remembered)
{
    struct skt_chain chain = skt_chain_begin();

    chain.rules.keep_generations = 2;
    for (uint8_t key = 1; key <= 6; key++) {
        skt_chain_step_one(&chain, SKD_SAID_KEYS, key);
    }
    skt_chain_expect_n(&chain, 3);
    skt_chain_expect(&chain, 0, 6, 6);
    skt_chain_expect(&chain, 1, 5, 5);
    skt_chain_expect(&chain, 2, 4, 4);
    chain.rules.keep_generations = 0;
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_expect_n(&chain, 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_former_seed_that_returns_gets_a_new_generation)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_expect_n(&chain, 2);
    skt_chain_expect(&chain, 0, 5, 3);
    skt_chain_expect(&chain, 1, 6, 2);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_KEY_CHANGED], 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(former_seeds_that_a_source_lists_are_all_kept_as_older_ones)
{
    static const struct skt_answer listed = { .tenant = "t",
                                              .said = SKD_SAID_KEYS,
                                              .keys = { 9, 8, 7, 8, 9 } };
    struct skt_chain chain = skt_chain_begin();

    chain.rules.keep_generations = 1;
    skt_chain_step(&chain, &listed, 1);
    skt_chain_expect_n(&chain, 3);
    skt_chain_expect(&chain, 0, 9, 1);
    skt_chain_expect(&chain, 1, 8, 0);
    skt_chain_expect(&chain, 2, 7, 0);
    skt_chain_step(&chain, &listed, 1);
    skt_chain_expect_n(&chain, 3);
    skt_chain_expect(&chain, 0, 9, 1);
    /* No longer listed, they are remembered ones, and one of those is kept. */
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 9);
    skt_chain_expect_n(&chain, 2);
    skt_chain_expect(&chain, 1, 8, 0);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_rotation_that_lists_the_former_seed_keeps_its_generation)
{
    static const struct skt_answer rotated = { .tenant = "t",
                                               .said = SKD_SAID_KEYS,
                                               .keys = { 6, 5, 4 } };
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step(&chain, &rotated, 1);
    skt_chain_expect_n(&chain, 3);
    skt_chain_expect(&chain, 0, 6, 2);
    skt_chain_expect(&chain, 1, 5, 1);
    skt_chain_expect(&chain, 2, 4, 0);
    skt_chain_end(&chain);
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
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 4);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, troubles[nth].said, 0);
    skt_chain_expect_n(&chain, 2);
    skt_chain_expect(&chain, 0, 5, 2);
    skt_chain_expect(&chain, 1, 4, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_ptr_nonnull(skt_chain_find(&chain, "t")->reason);
    ck_assert_uint_eq(chain.n_of_kind[troubles[nth].kind], 1);
    ck_assert_uint_eq(chain.last.n_unreached, troubles[nth].n_unreached);
    /* And when it is over, it is over. */
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    ck_assert_ptr_null(skt_chain_find(&chain, "t")->reason);
    skt_chain_expect(&chain, 0, 5, 2);
    skt_chain_end(&chain);
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
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, troubles[nth].said, 0);
    ck_assert_ptr_nonnull(skt_chain_find(&chain, "t"));
    skt_chain_expect_n(&chain, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_NONE);
    ck_assert_int_eq(skt_chain_find(&chain, "t")->confirmed_at_s, 0);
    ck_assert_ptr_nonnull(skt_chain_find(&chain, "t")->reason);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_expect(&chain, 0, 5, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_FIRST_KEY], 1);
    skt_chain_end(&chain);
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
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step(&chain, &answer, 1);
    ck_assert_str_eq(skt_chain_find(&chain, "t")->reason,
                     "error reading kms response");
    skt_chain_end(&chain);
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
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step(&chain, &answer, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, states[nth].use);
    ck_assert_uint_eq(chain.n_of_kind[states[nth].kind], 1);
    skt_chain_step(&chain, &answer, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, states[nth].use);
    ck_assert_uint_eq(chain.n_of_kind[states[nth].kind], 0);
    /* An unreached KMS does not set a key free. */
    skt_chain_step_one(&chain, SKD_SAID_UNREACHED, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, states[nth].use);
    answer.state = SKD_KEY_ACTIVE;
    skt_chain_step(&chain, &answer, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_ALL);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_ACTIVE], 1);
    skt_chain_end(&chain);
}

START_TEST(a_state_decides_the_use_and_is_told_once)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(states); i++) {
        check_state(i);
    }
}
END_TEST

START_TEST(a_state_told_of_an_unchanged_key_is_told_and_takes_effect)
{
    struct skt_answer answer = { .tenant = "t",
                                 .said = SKD_SAID_SAME,
                                 .is_private = true,
                                 .tells_state = true };
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    for (size_t i = 0; i < SKP_ARRAY_LEN(states); i++) {
        answer.state = states[i].state;
        skt_chain_step(&chain, &answer, 1);
        ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, states[i].use);
        ck_assert_uint_eq(chain.n_of_kind[states[i].kind], 1);
        skt_chain_step(&chain, &answer, 1);
        ck_assert_uint_eq(chain.n_of_kind[states[i].kind], 0);
    }
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, chain.now_ms);
    skt_chain_expect_n(&chain, 1);
    skt_chain_expect(&chain, 0, 5, 1);
    /* Without a word of it, the state stays as it is. */
    skt_chain_step_one(&chain, SKD_SAID_SAME, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use,
                      states[SKP_ARRAY_LEN(states) - 1].use);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_destroyed_key_is_dropped_and_generations_go_on)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 4);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_DESTROYED, 0);
    skt_chain_expect_n(&chain, 0);
    ck_assert_uint_eq(skd_snapshot_n_keys(chain.snapshot), 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->use, SKD_USE_NONE);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_DESTROYED], 1);
    skt_chain_step_one(&chain, SKD_SAID_DESTROYED, 0);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_DESTROYED], 0);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    skt_chain_expect_n(&chain, 1);
    skt_chain_expect(&chain, 0, 6, 3);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(an_unchanged_tenant_is_confirmed_unless_it_was_in_trouble)
{
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step_one(&chain, SKD_SAID_KEYS, 5);
    skt_chain_step_one(&chain, SKD_SAID_SAME, 0);
    skt_chain_expect(&chain, 0, 5, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_ptr_null(skt_chain_find(&chain, "t")->reason);
    skt_chain_step_one(&chain, SKD_SAID_UNUSABLE, 0);
    skt_chain_step_one(&chain, SKD_SAID_SAME, 0);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->confirmed_ms, 3000);
    ck_assert_str_eq(skt_chain_find(&chain, "t")->reason,
                     "its seed is unusable");
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_refused_seed_of_the_list_is_told_and_the_kms_answer_counts)
{
    static const struct skt_answer answer = { .tenant = "t",
                                              .said = SKD_SAID_KEYS,
                                              .keys = { 5 },
                                              .is_private = true,
                                              .list_refused = true };
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step(&chain, &answer, 1);
    skt_chain_expect(&chain, 0, 5, 1);
    ck_assert_uint_eq(chain.n_of_kind[SKD_EVENT_LIST_REFUSED], 1);
    skt_chain_end(&chain);
}
END_TEST

START_TEST(a_tenant_may_become_private_and_keeps_its_key_until_the_kms_answers)
{
    static const struct skt_answer in_list = { .tenant = "t",
                                               .said = SKD_SAID_KEYS,
                                               .keys = { 5 } };
    struct skt_chain chain = skt_chain_begin();

    skt_chain_step(&chain, &in_list, 1);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->origin,
                      SKP_ORIGIN_COORDINATOR);
    skt_chain_step_one(&chain, SKD_SAID_UNREACHED, 0);
    ck_assert(skt_chain_find(&chain, "t")->is_private);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->origin,
                      SKP_ORIGIN_COORDINATOR);
    skt_chain_expect(&chain, 0, 5, 1);
    skt_chain_step_one(&chain, SKD_SAID_KEYS, 6);
    ck_assert_uint_eq(skt_chain_find(&chain, "t")->origin, SKP_ORIGIN_KMIP);
    skt_chain_expect(&chain, 0, 6, 2);
    skt_chain_step(&chain, &in_list, 1);
    ck_assert(!skt_chain_find(&chain, "t")->is_private);
    skt_chain_expect(&chain, 0, 5, 3);
    skt_chain_end(&chain);
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
          a_state_told_of_an_unchanged_key_is_told_and_takes_effect,
          a_destroyed_key_is_dropped_and_generations_go_on,
          an_unchanged_tenant_is_confirmed_unless_it_was_in_trouble,
          a_refused_seed_of_the_list_is_told_and_the_kms_answer_counts,
          a_tenant_may_become_private_and_keeps_its_key_until_the_kms_answers)
