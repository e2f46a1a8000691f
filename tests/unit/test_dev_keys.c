/* test_dev_keys.c - the suite of agent/source/dev_keys.c. */
#include <string.h>

#include "agent/source/sources.h"
#include "tests/lib/suite.h"

/* Counts up; fails once the count is used up. */
struct counter {
    uint8_t next;
    unsigned left;
};

static enum skp_err count_up(void *state, uint8_t *buf, size_t len)
{
    struct counter *counter = state;

    if (counter->left == 0) {
        return SKP_ERR_INTERNAL;
    }
    counter->left--;
    memset(buf, counter->next++, len);
    return SKP_ERR_OK;
}

static enum skp_err fetch_wanted(struct counter *counter,
                                 const struct skp_view *wanted,
                                 size_t n_wanted,
                                 struct skd_material *material,
                                 struct skp_diag *diag)
{
    struct skd_env env = skd_env_system;
    struct skd_fetch fetch = { .env = &env,
                               .wanted = wanted,
                               .n_wanted = n_wanted };
    struct skd_source *source = NULL;
    uint64_t retry_ms = 7;
    enum skp_err err;

    env.random = (struct skp_random){ counter, count_up };
    skt_ok(skd_source_dev_new(&source));
    ck_assert_str_eq(source->ops->name, "dev");
    err = source->ops->fetch(source, &fetch, material, &retry_ms, diag);
    ck_assert_uint_eq(retry_ms, 0);
    skd_source_free(&source);
    ck_assert_ptr_null(source);
    return err;
}

START_TEST(each_wanted_tenant_gets_a_random_key_of_its_own)
{
    struct counter counter = { 1, 9 };
    struct skp_view wanted[3];
    struct skd_material *material = NULL;
    struct skp_diag diag = { "" };

    wanted[0] = skp_view_of("a");
    wanted[1] = skp_view_of("b");
    wanted[2] = skp_view_of("a");
    skt_ok(skd_material_new(&material));
    skt_ok(fetch_wanted(&counter, wanted, 3, material, &diag));
    ck_assert_uint_eq(skd_material_count(material), 2);
    ck_assert(!skd_material_is_unchanged(material));
    for (size_t i = 0; i < 2; i++) {
        const struct skd_item *item = skd_material_item(material, i);

        ck_assert_str_eq(item->tenant, i == 0 ? "a" : "b");
        ck_assert_int_eq(item->said, SKD_SAID_KEYS);
        ck_assert_int_eq(item->state, SKD_KEY_ACTIVE);
        ck_assert_int_eq(item->origin, SKP_ORIGIN_DEV);
        ck_assert(!item->is_private);
        ck_assert_uint_eq(item->n_keys, 1);
        ck_assert_int_eq(skd_material_key(material, item->first_key)[31],
                         (int)i + 1);
    }
    skd_material_free(&material);
}
END_TEST

START_TEST(without_a_wish_nothing_has_changed)
{
    struct counter counter = { 1, 0 };
    struct skd_material *material = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_material_new(&material));
    skt_ok(fetch_wanted(&counter, NULL, 0, material, &diag));
    ck_assert(skd_material_is_unchanged(material));
    ck_assert_uint_eq(skd_material_count(material), 0);
    skd_material_free(&material);
}
END_TEST

START_TEST(without_randomness_there_is_no_key)
{
    struct counter counter = { 1, 1 };
    struct skp_view wanted[2];
    struct skd_material *material = NULL;
    struct skp_diag diag = { "" };

    wanted[0] = skp_view_of("a");
    wanted[1] = skp_view_of("b");
    skt_ok(skd_material_new(&material));
    skt_err(fetch_wanted(&counter, wanted, 2, material, &diag),
            SKP_ERR_INTERNAL);
    ck_assert_str_eq(diag.text, "cannot make a key: internal error");
    ck_assert_int_eq(skd_material_item(material, 1)->said, SKD_SAID_ASK);
    ck_assert_uint_eq(skd_material_n_keys(material), 1);
    skd_material_free(&material);
}
END_TEST

SKT_SUITE("dev_keys",
          each_wanted_tenant_gets_a_random_key_of_its_own,
          without_a_wish_nothing_has_changed,
          without_randomness_there_is_no_key)
