/* fuzz_coordinator.c - pages of the Coordinator's list, and cJSON behind them.
 *
 * Reaches: agent/source/coordinator_page.c agent/config/json_scan.c
 *          agent/config/json_walk.c
 *
 * What a page gives is complete and consistent, the same when white space is
 * added around it, and no page is taken that the scan refuses.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/config/json_scan.h"
#include "agent/config/json_walk.h"
#include "agent/source/coordinator_page.h"
#include "agent/sys/json_heap.h"
#include "protocol/key.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 16384u

static void check_item(struct skd_material *material, size_t index)
{
    const struct skd_item *item = skd_material_item(material, index);
    struct skp_view tenant = { (const uint8_t *)item->tenant,
                               item->tenant_len };

    ck_assert(skp_tenant_is_uuid(tenant));
    ck_assert_uint_eq(strlen(item->tenant), item->tenant_len);
    ck_assert_uint_eq(skd_material_find(material, tenant), index);
    ck_assert_uint_le(item->first_key + item->n_keys,
                      skd_material_n_keys(material));
    switch (item->said) {
    case SKD_SAID_ASK:
        ck_assert(item->is_private && item->n_keys == 0);
        ck_assert(item->list_refused == (item->reason != NULL));
        break;
    case SKD_SAID_KEYS:
        ck_assert(!item->is_private && item->n_keys > 0);
        break;
    case SKD_SAID_UNUSABLE:
        ck_assert(!item->is_private && item->n_keys == 0);
        ck_assert_ptr_nonnull(item->reason);
        break;
    case SKD_SAID_SAME:
    case SKD_SAID_UNREACHED:
    case SKD_SAID_ABSENT:
    case SKD_SAID_DUPLICATE:
    case SKD_SAID_DESTROYED:
    default:
        ck_abort_msg("a page cannot say that");
    }
}

/* The scan must agree, and find as many tenants. */
static void check_scan(struct skp_view text, size_t n_items)
{
    struct skd_json_member members[] = { { .name = "tenants" } };
    const struct skd_json_watch watch = { .depth_max = SKD_PAGE_DEPTH_MAX,
                                          .members = members,
                                          .n_members = 1 };
    struct skd_json_place place;
    struct skp_view element;
    size_t n = 0;

    ck_assert_int_eq(skd_json_scan(text, &watch, &place), SKP_ERR_OK);
    ck_assert(!members[0].is_twice);
    ck_assert(skt_fuzz_is_within(members[0].value, text));
    while (skd_json_walk_array(&members[0].value, &element)) {
        ck_assert(element.len > 0 && element.ptr[0] == '{');
        ck_assert(skt_fuzz_is_within(element, text));
        n++;
    }
    ck_assert_uint_eq(n, n_items);
}

static enum skp_err parse(struct skp_view text,
                          struct skd_material **ret_material,
                          struct skd_page *ret)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    ck_assert_int_eq(skd_material_new(ret_material), SKP_ERR_OK);
    err = skd_page_parse(text, *ret_material, ret, &diag);
    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(err == SKP_ERR_OK || diag.text[0] != '\0');
    return err;
}

/* White space around a page says nothing. */
static void check_spaced(struct skp_view text,
                         enum skp_err expected,
                         struct skd_material *material,
                         const struct skd_page *page)
{
    static uint8_t place[INPUT_MAX + 16];
    struct skp_buf spaced = skp_buf_over(place, sizeof place);
    struct skd_material *other = NULL;
    struct skd_page again = { "", "" };

    ck_assert_int_eq(skp_buf_put(&spaced, "\r\n\t ", 4), SKP_ERR_OK);
    ck_assert_int_eq(skp_buf_put(&spaced, text.ptr, text.len), SKP_ERR_OK);
    ck_assert_int_eq(skp_buf_put(&spaced, " \n", 2), SKP_ERR_OK);
    ck_assert_int_eq(
        parse((struct skp_view){ spaced.ptr, spaced.len }, &other, &again),
        expected);
    if (expected == SKP_ERR_OK) {
        ck_assert_str_eq(again.revision, page->revision);
        ck_assert_str_eq(again.next, page->next);
        ck_assert_uint_eq(skd_material_count(other),
                          skd_material_count(material));
        ck_assert_uint_eq(skd_material_n_keys(other),
                          skd_material_n_keys(material));
    }
    skd_material_free(&other);
}

/* The scan alone, at the depth that the first byte gives. */
static void check_any_scan(struct skp_view text)
{
    struct skd_json_place place = { 0 };
    struct skd_json_member members[] = { { .name = "revision" },
                                         { .name = "next" } };
    const struct skd_json_watch watch = {
        .depth_max = text.len % SKD_JSON_DEPTH_MAX + 1,
        .members = members,
        .n_members = 2,
    };
    enum skp_err err = skd_json_scan(text, &watch, &place);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(err == SKP_ERR_OK ||
              (place.what != NULL && place.byte <= text.len));
}

void skt_fuzz_coordinator(struct skp_view input)
{
    struct skd_material *material = NULL;
    struct skd_page page = { "", "" };
    enum skp_err err;

    if (input.len > INPUT_MAX) {
        return;
    }
    check_any_scan(input);
    err = parse(input, &material, &page);
    if (err == SKP_ERR_OK) {
        ck_assert_uint_gt(strlen(page.revision), 0);
        check_scan(input, skd_material_count(material));
        for (size_t i = 0; i < skd_material_count(material); i++) {
            check_item(material, i);
        }
    }
    check_spaced(input, err, material, &page);
    skd_material_free(&material);
}

SKT_FUZZ_DOOR(coordinator)
