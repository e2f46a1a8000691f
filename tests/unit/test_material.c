/* test_material.c - the table that sources fill. */
#include <stdio.h>
#include <string.h>

#include "agent/source/material.h"
#include "tests/lib/suite.h"

static struct skd_material *new_material(void)
{
    struct skd_material *material = NULL;

    skt_ok(skd_material_new(&material));
    return material;
}

static size_t add(struct skd_material *material, const char *tenant)
{
    size_t index = SIZE_MAX;

    skt_ok(skd_material_add(material, skp_view_of(tenant), &index));
    return index;
}

static void add_key(struct skd_material *material, size_t index, uint8_t fill)
{
    uint8_t key[SKP_KEY_LEN];

    memset(key, fill, sizeof key);
    skt_ok(skd_material_add_key(material, index, key));
}

START_TEST(a_new_item_is_private_and_open)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    const struct skd_item *item =
        skd_material_item(material, add(material, "alpha"));

    ck_assert_str_eq(item->tenant, "alpha");
    ck_assert_uint_eq(item->tenant_len, 5);
    ck_assert_int_eq(item->said, SKD_SAID_ASK);
    ck_assert_int_eq(item->state, SKD_KEY_ACTIVE);
    ck_assert_int_eq(item->origin, SKP_ORIGIN_KMIP);
    ck_assert(item->is_private);
    ck_assert(!item->list_refused);
    ck_assert_uint_eq(item->n_keys, 0);
    ck_assert_ptr_null(item->reason);
}
END_TEST

START_TEST(a_second_add_of_a_tenant_gives_the_first_ones_index)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    size_t index = SIZE_MAX;

    (void)add(material, "alpha");
    (void)add(material, "beta");
    skt_err(skd_material_add(material, skp_view_of("alpha"), &index),
            SKP_ERR_ALREADY_EXISTS);
    ck_assert_uint_eq(index, 0);
    ck_assert_uint_eq(skd_material_count(material), 2);
}
END_TEST

START_TEST(names_that_differ_in_case_or_length_are_different_tenants)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();

    ck_assert_uint_eq(add(material, "abcdefg"), 0);
    ck_assert_uint_eq(add(material, "abcdefG"), 1);
    ck_assert_uint_eq(add(material, "abcdefgh"), 2);
    ck_assert_uint_eq(add(material, "abcdefghi"), 3);
    ck_assert_uint_eq(skd_material_find(material, skp_view_of("abcdefG")), 1);
    ck_assert_uint_eq(skd_material_find(material, skp_view_of("abcdef")),
                      SIZE_MAX);
}
END_TEST

START_TEST(an_empty_table_finds_nothing)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();

    ck_assert_uint_eq(skd_material_find(material, skp_view_of("alpha")),
                      SIZE_MAX);
    ck_assert(!skd_material_is_unchanged(material));
    skd_material_set_unchanged(material);
    ck_assert(skd_material_is_unchanged(material));
}
END_TEST

START_TEST(keys_of_one_item_have_numbers_in_a_row)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    size_t alpha = add(material, "alpha");
    size_t beta = add(material, "beta");
    const struct skd_item *item;

    add_key(material, beta, 1);
    add_key(material, beta, 2);
    add_key(material, alpha, 3);
    item = skd_material_item(material, beta);
    ck_assert_uint_eq(item->n_keys, 2);
    ck_assert_uint_eq(skd_material_key(material, item->first_key)[0], 1);
    ck_assert_uint_eq(skd_material_key(material, item->first_key + 1)[31], 2);
    item = skd_material_item(material, alpha);
    ck_assert_uint_eq(skd_material_key(material, item->first_key)[7], 3);
    ck_assert_uint_eq(skd_material_n_keys(material), 3);
}
END_TEST

#define N_KEYS 1000u /* several blocks */

START_TEST(keys_do_not_move_when_others_come_or_go)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    size_t alpha = add(material, "alpha");
    size_t beta = add(material, "beta");
    const uint8_t *places[N_KEYS];
    static const uint8_t zero[SKP_KEY_LEN];

    for (size_t i = 0; i < N_KEYS; i++) {
        add_key(material, i < 100 ? alpha : beta, (uint8_t)(1 + i % 251));
        places[i] = skd_material_key(material, i);
    }
    for (size_t i = 0; i < N_KEYS; i++) {
        ck_assert_ptr_eq(skd_material_key(material, i), places[i]);
        ck_assert_uint_eq(places[i][0], 1 + i % 251);
        ck_assert_uint_eq(places[i][31], 1 + i % 251);
    }
    skd_material_drop_keys(material, beta);
    ck_assert_uint_eq(skd_material_n_keys(material), 100);
    for (size_t i = 0; i < N_KEYS; i++) {
        ck_assert_int_eq(memcmp(places[i], zero, sizeof zero) == 0, i >= 100);
    }
    add_key(material, beta, 7);
    ck_assert_ptr_eq(skd_material_key(material, 100), places[100]);
    ck_assert_uint_eq(places[100][5], 7);
}
END_TEST

START_TEST(dropped_keys_are_wiped_and_leave_the_others)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    size_t alpha = add(material, "alpha");
    size_t beta = add(material, "beta");
    static const uint8_t zero[2 * SKP_KEY_LEN];
    const uint8_t *place;

    add_key(material, alpha, 1);
    add_key(material, beta, 2);
    add_key(material, beta, 3);
    place = skd_material_key(material, 1);
    skd_material_drop_keys(material, beta);
    skt_bytes_eq((struct skp_view){ place, sizeof zero },
                 (struct skp_view){ zero, sizeof zero });
    ck_assert_uint_eq(skd_material_item(material, beta)->n_keys, 0);
    ck_assert_uint_eq(skd_material_n_keys(material), 1);
    add_key(material, beta, 4);
    ck_assert_uint_eq(skd_material_item(material, beta)->first_key, 1);
    skd_material_drop_keys(material, beta);
    skd_material_drop_keys(material, beta); /* none left: nothing happens */
    ck_assert_uint_eq(skd_material_key(material, 0)[0], 1);
}
END_TEST

START_TEST(a_reason_is_cut_at_200_bytes_and_has_no_control_characters)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    size_t index = add(material, "alpha");

    skd_material_set_reason(material, index, "a\nb %d \033[1m", 7);
    ck_assert_str_eq(skd_material_item(material, index)->reason, "a?b 7 ?[1m");
    skd_material_set_reason(material, index, "%0300d", 1);
    ck_assert_uint_eq(strlen(skd_material_item(material, index)->reason), 200);
}
END_TEST

static struct skp_view name_of(unsigned i, char name[40])
{
    (void)snprintf(name, 40, "%08x-0000-4000-8000-%012x", i * 2654435761u, i);
    return skp_view_of(name);
}

START_TEST(a_million_tenants_are_found_again)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    unsigned wrong = 0; /* an assertion a round would be the slowest part */
    size_t index = 0;
    char name[40];

    for (unsigned i = 0; i < 1000000; i++) {
        enum skp_err err = skd_material_add(material, name_of(i, name), &index);

        wrong += err != SKP_ERR_OK || index != i;
    }
    for (unsigned i = 0; i < 1000000; i++) {
        struct skp_view tenant = name_of(i, name);

        wrong += skd_material_find(material, tenant) != i;
        wrong += strcmp(skd_material_item(material, i)->tenant, name) != 0;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(skd_material_count(material), 1000000);
    ck_assert_uint_eq(skd_material_find(material, name_of(1000000, name)),
                      SIZE_MAX);
}
END_TEST

START_TEST(freeing_gives_back_all_locked_memory_and_accepts_nothing)
{
    size_t before = skp_secret_held();
    struct skd_material *material = new_material();

    add_key(material, add(material, "alpha"), 9);
    ck_assert_uint_gt(skp_secret_held(), before);
    skd_material_free(&material);
    ck_assert_ptr_null(material);
    ck_assert_uint_eq(skp_secret_held(), before);
    skd_material_free(&material);
}
END_TEST

SKT_SUITE("material",
          a_new_item_is_private_and_open,
          a_second_add_of_a_tenant_gives_the_first_ones_index,
          names_that_differ_in_case_or_length_are_different_tenants,
          an_empty_table_finds_nothing,
          keys_of_one_item_have_numbers_in_a_row,
          keys_do_not_move_when_others_come_or_go,
          dropped_keys_are_wiped_and_leave_the_others,
          a_reason_is_cut_at_200_bytes_and_has_no_control_characters,
          a_million_tenants_are_found_again,
          freeing_gives_back_all_locked_memory_and_accepts_nothing)
