/* test_derive.c - proves derive.c: a key has its own public part, however many
 * there are and whenever it is asked for, and known keys are not derived. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "agent/refresh/build.h"
#include "agent/refresh/derive.h"
#include "protocol/key.h"
#include "tests/lib/derived.h"
#include "tests/lib/suite.h"

#define N_KEYS 3000u /* enough for threads, and a share that is not full */

static uint8_t private_keys[N_KEYS][SKP_KEY_LEN];

static void make_keys(void)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        memset(private_keys[i], 7, SKP_KEY_LEN);
        private_keys[i][0] = (uint8_t)i;
        private_keys[i][1] = (uint8_t)(i >> 8);
    }
}

static struct skd_derive *derive_new(void)
{
    struct skd_derive *derive = NULL;

    make_keys();
    skt_ok(skd_derive_new(&derive));
    return derive;
}

static void add(struct skd_derive *derive, size_t n)
{
    size_t first = skd_derive_count(derive);

    for (size_t i = first; i < first + n; i++) {
        skt_ok(skd_derive_add(derive, private_keys[i]));
    }
    ck_assert_uint_eq(skd_derive_count(derive), first + n);
}

static void key_is_right(struct skd_derive *derive, size_t nth)
{
    struct skd_key key = skd_derive_get(derive, nth);
    uint8_t expected[SKP_KEY_LEN];

    skp_key_public(private_keys[nth], expected);
    ck_assert_ptr_eq(key.private_key, private_keys[nth]);
    ck_assert_mem_eq(key.public_key, expected, SKP_KEY_LEN);
    skp_key_id(expected, expected);
    ck_assert_mem_eq(key.key_id, expected, SKP_KEY_ID_LEN);
    ck_assert_uint_eq(key.generation, 0);
}

START_TEST(any_number_of_keys_is_derived_whole)
{
    static const size_t lens[] = { 0,   1,   63,  64,  65,    255,
                                   256, 257, 511, 767, N_KEYS };

    for (size_t i = 0; i < SKP_ARRAY_LEN(lens); i++) {
        SKP_CLEANUP(skd_derive_free) struct skd_derive *derive = derive_new();

        add(derive, lens[i]);
        for (size_t nth = 0; nth < lens[i]; nth++) {
            key_is_right(derive, nth);
        }
    }
}
END_TEST

START_TEST(keys_may_be_asked_for_in_any_order_and_again)
{
    SKP_CLEANUP(skd_derive_free) struct skd_derive *derive = derive_new();

    add(derive, N_KEYS);
    key_is_right(derive, N_KEYS - 1);
    key_is_right(derive, 0);
    key_is_right(derive, 1000);
    key_is_right(derive, N_KEYS - 1);
}
END_TEST

/* As pages come: helpers wait in between, and find more. */
START_TEST(keys_may_be_added_while_others_are_derived)
{
    SKP_CLEANUP(skd_derive_free) struct skd_derive *derive = derive_new();

    for (size_t i = 0; i < N_KEYS; i += 300) {
        uint8_t other[SKP_KEY_LEN];

        add(derive, 300);
        for (size_t n = 0; n < i; n += 10) {
            skp_key_public(private_keys[n], other); /* a page is read */
        }
    }
    for (size_t nth = 0; nth < N_KEYS; nth++) {
        key_is_right(derive, nth);
    }
}
END_TEST

START_TEST(one_that_is_given_up_ends_with_its_threads)
{
    for (size_t n = 0; n < N_KEYS; n += 130) {
        struct skd_derive *derive = derive_new();

        add(derive, n);
        skd_derive_free(&derive);
        ck_assert_ptr_null(derive);
        skd_derive_free(&derive);
    }
}
END_TEST

/* ---- in a refresh -------------------------------------------------------- */

#define N_TENANTS 300u

/* Tenant 100 has more keys than are derived at a time. */
static size_t count_keys(size_t tenant)
{
    return tenant == 100 ? 2054 : 1 + tenant % 3;
}

/* Key @nth of @tenant; in @round 1 every fifth tenant has another first. */
static void make_key(size_t tenant, size_t nth, unsigned round, uint8_t *ret)
{
    memset(ret, 7, SKP_KEY_LEN);
    ret[0] = (uint8_t)tenant;
    ret[1] = (uint8_t)(tenant >> 8);
    ret[2] = (uint8_t)nth;
    ret[3] = (uint8_t)(nth >> 8);
    ret[4] = tenant % 5 == 0 && nth == 0 ? (uint8_t)round : 0;
}

static struct skd_material *make_material(unsigned round)
{
    struct skd_material *material = NULL;

    skt_ok(skd_material_new(&material));
    for (size_t i = 0; i < N_TENANTS; i++) {
        uint8_t key[SKP_KEY_LEN];
        char id[16];
        size_t index = 0;

        (void)snprintf(id, sizeof id, "t%zu", i);
        skt_ok(skd_material_add(material, skp_view_of(id), &index));
        skd_material_item(material, index)->said = SKD_SAID_KEYS;
        for (size_t nth = 0; nth < count_keys(i); nth++) {
            make_key(i, nth, round, key);
            skt_ok(skd_material_add_key(material, index, key));
        }
        if (i == 50) { /* one that is listed twice is one key */
            make_key(i, 0, round, key);
            skt_ok(skd_material_add_key(material, index, key));
        }
    }
    return material;
}

static void keys_belong_together(const struct skd_snapshot *snapshot,
                                 unsigned round)
{
    for (size_t i = 0; i < N_TENANTS; i++) {
        const struct skd_tenant *tenant;
        uint8_t expected[SKP_KEY_LEN];
        char id[16];

        (void)snprintf(id, sizeof id, "t%zu", i);
        tenant = skd_snapshot_find(snapshot, skp_view_of(id));
        ck_assert_ptr_nonnull(tenant);
        ck_assert_uint_ge(tenant->n_keys, count_keys(i));
        make_key(i, 0, round, expected);
        ck_assert_mem_eq(skd_snapshot_key(snapshot, tenant, 0).private_key,
                         expected, SKP_KEY_LEN);
        for (size_t nth = 0; nth < tenant->n_keys; nth++) {
            struct skd_key key = skd_snapshot_key(snapshot, tenant, nth);

            skp_key_public(key.private_key, expected);
            ck_assert_mem_eq(key.public_key, expected, SKP_KEY_LEN);
            skp_key_id(expected, expected);
            ck_assert_mem_eq(key.key_id, expected, SKP_KEY_ID_LEN);
        }
    }
}

static struct skd_derive *derive_all(const struct skd_material *material)
{
    struct skd_derive *derive = NULL;

    skt_ok(skd_derive_new(&derive));
    for (size_t i = 0; i < skd_material_n_keys(material); i++) {
        skt_ok(skd_derive_add(derive, skd_material_key(material, i)));
    }
    return derive;
}

/* Refresh from *old to *old; @is_ahead: the keys are derived already. */
static void refresh(unsigned round, bool is_ahead, struct skd_snapshot **old)
{
    const struct skd_refresh_rules rules = { .keep_generations = 4 };
    struct skd_material *material = make_material(round);
    struct skd_derive *derive = is_ahead ? derive_all(material) : NULL;
    const struct skd_build_input input = { .material = material,
                                           .derive = derive,
                                           .old = *old,
                                           .rules = &rules,
                                           .asked_ms = 1000 };
    struct skp_diag diag = { "" };
    struct skd_build build;

    skt_ok(skd_build(&input, &build, &diag));
    ck_assert_uint_eq(build.n_new, round == 0 ? N_TENANTS : 0);
    ck_assert_uint_eq(build.n_changed, round == 0 ? 0 : N_TENANTS / 5);
    keys_belong_together(build.snapshot, round);
    skd_snapshot_unref(old);
    *old = SKP_TAKE(build.snapshot);
    skd_build_done(&build);
    skd_derive_free(&derive);
    skd_material_free(&material);
}

START_TEST(in_a_refresh_of_many_each_key_gets_its_own_public_part)
{
    struct skd_snapshot *old = NULL;

    refresh(0, false, &old);
    atomic_store(&skt_derived, 0);
    refresh(1, false, &old);
    /* The others are known. */
    ck_assert_uint_eq(atomic_load(&skt_derived), N_TENANTS / 5);
    skd_snapshot_unref(&old);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

START_TEST(derived_ahead_each_key_gets_its_own_public_part)
{
    struct skd_snapshot *old = NULL;

    refresh(0, true, &old);
    skd_snapshot_unref(&old);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

SKT_SUITE("derive",
          any_number_of_keys_is_derived_whole,
          keys_may_be_asked_for_in_any_order_and_again,
          keys_may_be_added_while_others_are_derived,
          one_that_is_given_up_ends_with_its_threads,
          in_a_refresh_of_many_each_key_gets_its_own_public_part,
          derived_ahead_each_key_gets_its_own_public_part)
