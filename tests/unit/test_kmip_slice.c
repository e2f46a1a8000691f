/* test_kmip_slice.c - tenants asked for side by side. */
#include <stdio.h>
#include <string.h>

#include "agent/source/kmip/kmip_slice.h"
#include "protocol/limits.h"
#include "tests/lib/suite.h"

#define N 600u

struct rig {
    struct skd_material *material;
    struct skd_kmip_slice *slice;
    struct skp_diag diag;
};

static void rig_up(struct rig *rig, size_t n)
{
    memset(rig, 0, sizeof *rig);
    skt_ok(skd_material_new(&rig->material));
    for (size_t i = 0; i < n; i++) {
        char tenant[24];
        size_t index = 0;

        (void)snprintf(tenant, sizeof tenant, "t%zu", i);
        skt_ok(skd_material_add(rig->material, skp_view_of(tenant), &index));
    }
    skt_ok(skd_kmip_slice_new(&rig->slice));
    rig->slice->material = rig->material;
    rig->slice->diag = &rig->diag;
}

static void rig_down(struct rig *rig)
{
    skd_kmip_slice_free(&rig->slice);
    ck_assert_ptr_null(rig->slice);
    skd_kmip_slice_free(&rig->slice);
    skd_material_free(&rig->material);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

START_TEST(slices_take_every_open_tenant_once)
{
    struct rig rig;
    size_t next = 0;

    rig_up(&rig, N);
    skd_material_item(rig.material, 1)->said = SKD_SAID_KEYS;
    skd_kmip_slice_fill(rig.slice, &next);
    ck_assert_uint_eq(rig.slice->n, SKD_KMIP_SLICE_MAX);
    ck_assert_uint_eq(rig.slice->lookups[0].item, 0);
    ck_assert_uint_eq(rig.slice->lookups[1].item, 2);
    ck_assert(
        skp_view_equal(skd_kmip_slice_tenant(rig.slice, &rig.slice->lookups[1]),
                       skp_view_of("t2")));
    ck_assert_uint_eq(next, SKD_KMIP_SLICE_MAX + 1);
    skd_kmip_slice_fill(rig.slice, &next);
    ck_assert_uint_eq(rig.slice->n, N - SKD_KMIP_SLICE_MAX - 1);
    skd_kmip_slice_fill(rig.slice, &next);
    ck_assert_uint_eq(rig.slice->n, 0);
    rig_down(&rig);
}
END_TEST

START_TEST(keys_of_one_slice_are_wiped_before_the_next)
{
    static const uint8_t zeros[SKP_KEY_LEN];
    struct rig rig;
    size_t next = 0;

    rig_up(&rig, 3);
    skd_kmip_slice_fill(rig.slice, &next);
    memset(skd_kmip_slice_key(rig.slice, 2), 0x5a, SKP_KEY_LEN);
    skd_kmip_slice_fill(rig.slice, &next);
    skt_bytes_eq(
        (struct skp_view){ skd_kmip_slice_key(rig.slice, 2), SKP_KEY_LEN },
        (struct skp_view){ zeros, sizeof zeros });
    rig_down(&rig);
}
END_TEST

START_TEST(the_first_tenant_unreached_is_the_reason_of_the_fetch)
{
    struct skp_diag diag = { "odd" };
    struct rig rig;
    size_t next = 0;

    rig_up(&rig, 3);
    skd_kmip_slice_fill(rig.slice, &next);
    skd_kmip_slice_say_absent(rig.slice, &rig.slice->lookups[0]);
    ck_assert_str_eq(rig.diag.text, "");
    ck_assert_str_eq(skd_material_item(rig.material, 0)->reason,
                     "key not found for private tenantID t0");
    skd_kmip_slice_say_undecodable(rig.slice, &rig.slice->lookups[1], &diag);
    skd_kmip_slice_say(rig.slice, &rig.slice->lookups[2], SKD_SAID_UNREACHED,
                       "later");
    ck_assert_str_eq(rig.diag.text, "error decoding kms response payload: odd");
    ck_assert_str_eq(skd_material_item(rig.material, 2)->reason, "later");
    ck_assert_int_eq(rig.slice->lookups[1].said, SKD_SAID_UNREACHED);
    rig_down(&rig);
}
END_TEST

START_TEST(only_item_not_found_means_that_there_is_no_object)
{
    static const struct {
        struct skd_kmip_result result;
        bool is_success;
        enum skd_said said;
    } rows[] = {
        { { .err = SKP_ERR_OK }, true, SKD_SAID_ASK },
        { { .err = SKP_ERR_FAILED_PRECONDITION,
            .reason = SKD_REASON_ITEM_NOT_FOUND,
            .text = "x" },
          false,
          SKD_SAID_ABSENT },
        { { .err = SKP_ERR_FAILED_PRECONDITION,
            .reason = SKD_REASON_PERMISSION_DENIED,
            .text = "x" },
          false,
          SKD_SAID_UNREACHED },
        { { .err = SKP_ERR_UNAVAILABLE,
            .reason = SKD_REASON_ITEM_NOT_FOUND,
            .text = "x" },
          false,
          SKD_SAID_UNREACHED },
    };
    struct rig rig;
    size_t next = 0;

    rig_up(&rig, SKP_ARRAY_LEN(rows));
    skd_kmip_slice_fill(rig.slice, &next);
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skd_kmip_lookup *lookup = &rig.slice->lookups[i];

        ck_assert_int_eq(
            skd_kmip_slice_is_success(rig.slice, lookup, &rows[i].result),
            rows[i].is_success);
        ck_assert_int_eq(lookup->said, rows[i].said);
    }
    rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_slice",
          slices_take_every_open_tenant_once,
          keys_of_one_slice_are_wiped_before_the_next,
          the_first_tenant_unreached_is_the_reason_of_the_fetch,
          only_item_not_found_means_that_there_is_no_object)
