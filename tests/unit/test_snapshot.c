/* test_snapshot.c - looking tenants and keys up, and the pins. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "agent/store/snapshot.h"
#include "tests/lib/suite.h"

static void add_tenant(struct skd_builder *builder, const char *id)
{
    const struct skd_tenant tenant = { .id = id,
                                       .id_len = (uint8_t)strlen(id),
                                       .use = SKD_USE_ALL };

    skt_ok(skd_builder_add_tenant(builder, &tenant));
}

static void add_key(struct skd_builder *builder, uint32_t number, uint64_t gen)
{
    uint8_t private_key[SKP_KEY_LEN] = { 1 };
    uint8_t public_key[SKP_KEY_LEN] = { 2 };
    uint8_t key_id[SKP_KEY_ID_LEN] = { 3 };
    const struct skd_key key = { private_key, public_key, key_id, gen };

    memcpy(private_key + 4, &number, sizeof number);
    memcpy(public_key + 4, &number, sizeof number);
    memcpy(key_id + 4, &number, sizeof number);
    skt_ok(skd_builder_add_key(builder, &key));
}

static struct skd_builder *new_builder(size_t n_tenants, size_t n_keys)
{
    struct skd_builder *builder = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(n_tenants, n_keys, false, &builder, &diag));
    return builder;
}

static uint32_t number_in(const uint8_t *key)
{
    uint32_t number;

    memcpy(&number, key + 4, sizeof number);
    return number;
}

#define MANY 100000u

START_TEST(a_hundred_thousand_tenants_are_found_in_order_and_by_id)
{
    struct skd_builder *builder = new_builder(MANY, MANY);
    struct skd_snapshot *snapshot = NULL;
    char id[32];

    /* 7919 has no factor in common with MANY: every number once, shuffled. */
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t number = (uint32_t)((uint64_t)i * 7919 % MANY);

        (void)snprintf(id, sizeof id, "tenant-%06u", number);
        add_tenant(builder, id);
        add_key(builder, number, 1);
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    ck_assert_uint_eq(skd_snapshot_count(snapshot), MANY);
    ck_assert_uint_eq(skd_snapshot_n_keys(snapshot), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct skd_tenant *tenant;

        (void)snprintf(id, sizeof id, "tenant-%06u", i);
        tenant = skd_snapshot_find(snapshot, skp_view_of(id));
        ck_assert_ptr_eq(tenant, skd_snapshot_at(snapshot, i));
        ck_assert_uint_eq(
            number_in(skd_snapshot_key(snapshot, tenant, 0).private_key), i);
        (void)snprintf(id, sizeof id, "tenant-%06ux", i);
        ck_assert_ptr_null(skd_snapshot_find(snapshot, skp_view_of(id)));
    }
    skd_snapshot_unref(&snapshot);
    ck_assert_ptr_null(snapshot);
}
END_TEST

/* ---- several at once ----------------------------------------------------- */

#define GROUP 16u

/* Search for @n of these together; each finds what it finds alone. */
static void
search_like(const struct skd_snapshot *snapshot, char ids[GROUP][32], size_t n)
{
    struct skd_search searches[GROUP];

    for (size_t i = 0; i < n; i++) {
        searches[i].id = skp_view_of(ids[i]);
    }
    skd_snapshot_search(snapshot, searches, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_eq(searches[i].found,
                         skd_snapshot_find(snapshot, skp_view_of(ids[i])));
    }
}

/* Of so many that nobody knows, some have the tag of another in their way. */
START_TEST(together_tenants_are_found_as_one_by_one)
{
    struct skd_builder *builder = new_builder(MANY, 0);
    struct skd_snapshot *snapshot = NULL;
    char ids[GROUP][32];

    for (uint32_t i = 0; i < MANY; i++) {
        (void)snprintf(ids[0], sizeof ids[0], "tenant-%06u", i);
        add_tenant(builder, ids[0]);
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    for (uint32_t i = 0; i < 2 * MANY; i += GROUP) {
        for (uint32_t j = 0; j < GROUP; j++) {
            (void)snprintf(ids[j], sizeof ids[j], "%s-%06u",
                           j == 3 ? "tenant" : "nobody", (i + j) % MANY);
        }
        search_like(snapshot, ids, GROUP);
    }
    search_like(snapshot, ids, 5);
    search_like(snapshot, ids, 0);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(together_a_single_key_serves_every_id_and_no_tenant_none)
{
    char ids[GROUP][32] = { "x", "", "tenant" };

    for (int n_tenants = 0; n_tenants < 2; n_tenants++) {
        struct skd_builder *builder = NULL;
        struct skd_snapshot *snapshot = NULL;
        struct skp_diag diag = { "" };
        struct skd_search search = { .id = skp_view_of("x") };

        skt_ok(skd_builder_new(1, 1, n_tenants == 1, &builder, &diag));
        if (n_tenants == 1) {
            add_tenant(builder, "*");
            add_key(builder, 5, 1);
        }
        skt_ok(skd_builder_finish(&builder, &snapshot));
        search_like(snapshot, ids, 3);
        skd_snapshot_search(snapshot, &search, 1);
        ck_assert((search.found != NULL) == (n_tenants == 1));
        skd_snapshot_unref(&snapshot);
    }
}
END_TEST

START_TEST(keys_come_newest_first_and_are_found_by_their_id)
{
    struct skd_builder *builder = new_builder(2, 3);
    struct skd_snapshot *snapshot = NULL;
    const struct skd_tenant *tenant;
    uint8_t key_id[SKP_KEY_ID_LEN] = { 3, 0, 0, 0, 8 };
    struct skd_key key;

    add_tenant(builder, "b");
    add_key(builder, 9, 2);
    add_key(builder, 8, 1);
    add_tenant(builder, "a");
    add_key(builder, 7, 1);
    skt_ok(skd_builder_finish(&builder, &snapshot));
    tenant = skd_snapshot_find(snapshot, skp_view_of("b"));
    ck_assert_uint_eq(tenant->n_keys, 2);
    ck_assert_uint_eq(skd_snapshot_key(snapshot, tenant, 0).generation, 2);
    ck_assert(skd_snapshot_key_by_id(snapshot, tenant, key_id, &key));
    ck_assert_uint_eq(number_in(key.private_key), 8);
    ck_assert_uint_eq(key.generation, 1);
    key_id[4] = 7; /* the other tenant's */
    ck_assert(!skd_snapshot_key_by_id(snapshot, tenant, key_id, &key));
    ck_assert_uint_eq(number_in(key.private_key), 8);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(a_page_starts_after_any_id_known_or_not)
{
    struct skd_builder *builder = new_builder(3, 0);
    struct skd_snapshot *snapshot = NULL;

    add_tenant(builder, "m");
    add_tenant(builder, "mm");
    add_tenant(builder, "c");
    skt_ok(skd_builder_finish(&builder, &snapshot));
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("")), 0);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("c")), 1);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("d")), 1);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("m")), 2);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("ma")), 2);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("mm")), 3);
    ck_assert_uint_eq(skd_snapshot_after(snapshot, skp_view_of("z")), 3);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(a_single_key_serves_every_id)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };
    const struct skd_tenant *tenant;

    skt_ok(skd_builder_new(1, 1, true, &builder, &diag));
    add_tenant(builder, "*");
    add_key(builder, 5, 1);
    skt_ok(skd_builder_finish(&builder, &snapshot));
    ck_assert(skd_snapshot_is_single(snapshot));
    tenant = skd_snapshot_find(snapshot, skp_view_of("anybody"));
    ck_assert_ptr_nonnull(tenant);
    ck_assert_ptr_eq(tenant, skd_snapshot_find(snapshot, skp_view_of("*")));
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(an_empty_snapshot_finds_nobody)
{
    for (int single = 0; single < 2; single++) {
        struct skd_builder *builder = NULL;
        struct skd_snapshot *snapshot = NULL;
        struct skp_diag diag = { "" };

        skt_ok(skd_builder_new(0, 0, single == 1, &builder, &diag));
        skt_ok(skd_builder_finish(&builder, &snapshot));
        ck_assert_uint_eq(skd_snapshot_count(snapshot), 0);
        ck_assert_ptr_null(skd_snapshot_find(snapshot, skp_view_of("a")));
        ck_assert_int_ge(skd_snapshot_tier(snapshot), SKD_TIER_MLOCK);
        skd_snapshot_unref(&snapshot);
    }
}
END_TEST

START_TEST(the_last_pin_gives_the_locked_memory_back)
{
    size_t before = skd_arena_held();
    struct skd_builder *builder = new_builder(1, 1);
    struct skd_snapshot *first = NULL;
    struct skd_snapshot *second;

    add_tenant(builder, "a");
    add_key(builder, 1, 1);
    skt_ok(skd_builder_finish(&builder, &first));
    second = skd_snapshot_ref(first);
    skd_snapshot_unref(&first);
    ck_assert_uint_gt(skd_arena_held(), before);
    ck_assert_ptr_nonnull(skd_snapshot_find(second, skp_view_of("a")));
    skd_snapshot_unref(&second);
    ck_assert_uint_eq(skd_arena_held(), before);
    skd_snapshot_unref(&second);
}
END_TEST

static void *pin_often(void *state)
{
    struct skd_snapshot *mine = state;

    for (int i = 0; i < 10000; i++) {
        struct skd_snapshot *pin = skd_snapshot_ref(mine);

        if (skd_snapshot_find(pin, skp_view_of("a")) == NULL) {
            return state;
        }
        skd_snapshot_unref(&pin);
    }
    skd_snapshot_unref(&mine);
    return NULL;
}

START_TEST(pins_from_several_threads_add_up)
{
    size_t before = skd_arena_held();
    struct skd_builder *builder = new_builder(1, 0);
    struct skd_snapshot *snapshot = NULL;
    pthread_t threads[4];

    add_tenant(builder, "a");
    skt_ok(skd_builder_finish(&builder, &snapshot));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, pin_often,
                                        skd_snapshot_ref(snapshot)),
                         0);
    }
    skd_snapshot_unref(&snapshot);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(skd_arena_held(), before);
}
END_TEST

START_TEST(confirming_shares_the_keys_and_moves_the_time_of_who_has_no_reason)
{
    static const struct skd_tenant rows[] = {
        { .id = "ill", .id_len = 3, .confirmed_ms = 7, .reason = "down" },
        { .id = "late", .id_len = 4, .confirmed_ms = 900, .confirmed_at_s = 9 },
        { .id = "none", .id_len = 4, .confirmed_ms = 7 },
        { .id = "well", .id_len = 4, .confirmed_ms = 7, .confirmed_at_s = 1 },
        { .id = "wont", .id_len = 4, .confirmed_ms = 7, .missing = 1 },
    };
    static const uint64_t expected_ms[] = { 7, 900, 7, 50, 7 };
    struct skd_builder *builder = new_builder(5, 5);
    struct skd_snapshot *first = NULL;
    struct skd_snapshot *second = NULL;
    size_t held;

    for (uint32_t i = 0; i < 5; i++) {
        skt_ok(skd_builder_add_tenant(builder, &rows[i]));
        if (i != 2) {
            add_key(builder, i, 1);
        }
    }
    skt_ok(skd_builder_finish(&builder, &first));
    ck_assert(!skd_snapshot_is_clean(first));
    held = skd_arena_held();
    skt_ok(skd_snapshot_confirm(first, 50, 5, &second));
    ck_assert_uint_eq(skd_arena_held(), held);
    ck_assert(skd_snapshot_is_same(first, second));
    for (size_t i = 0; i < 5; i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(second, i);

        ck_assert_uint_eq(skd_snapshot_row(second, tenant).confirmed_ms,
                          expected_ms[i]);
        ck_assert_uint_eq(skd_snapshot_row(first, tenant).confirmed_ms,
                          rows[i].confirmed_ms);
    }
    ck_assert_int_eq(
        skd_snapshot_row(second, skd_snapshot_at(second, 3)).confirmed_at_s, 5);
    skd_snapshot_unref(&first);
    ck_assert_uint_eq(
        number_in(skd_snapshot_key(second, skd_snapshot_at(second, 3), 0)
                      .private_key),
        3);
    skd_snapshot_unref(&second);
    ck_assert_uint_lt(skd_arena_held(), held);
}
END_TEST

START_TEST(a_confirmation_never_goes_back)
{
    struct skd_builder *builder = new_builder(1, 1);
    struct skd_snapshot *first = NULL;
    struct skd_snapshot *second = NULL;
    struct skd_snapshot *third = NULL;
    const struct skd_tenant *tenant;

    add_tenant(builder, "t");
    add_key(builder, 1, 1);
    skt_ok(skd_builder_finish(&builder, &first));
    ck_assert(skd_snapshot_is_clean(first));
    skt_ok(skd_snapshot_confirm(first, 50, 5, &second));
    skt_ok(skd_snapshot_confirm(second, 0, 0, &third));
    tenant = skd_snapshot_at(third, 0);
    ck_assert_uint_eq(skd_snapshot_row(third, tenant).confirmed_ms, 50);
    ck_assert_int_eq(skd_snapshot_row(third, tenant).confirmed_at_s, 5);
    skd_snapshot_unref(&first);
    skd_snapshot_unref(&second);
    skd_snapshot_unref(&third);
}
END_TEST

/* Where a number takes one bit more, the tags take one less. */
START_TEST(in_a_snapshot_of_any_size_each_is_found_and_no_other)
{
    static const size_t sizes[] = { 1, 2, 3, 4, 7, 8, 15, 16, 255, 256, 1023 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(sizes); i++) {
        struct skd_builder *builder = new_builder(sizes[i], 0);
        struct skd_snapshot *snapshot = NULL;
        char id[32];

        for (size_t nth = 0; nth < sizes[i]; nth++) {
            (void)snprintf(id, sizeof id, "tenant-%06zu", nth);
            add_tenant(builder, id);
        }
        skt_ok(skd_builder_finish(&builder, &snapshot));
        for (size_t nth = 0; nth < 2 * sizes[i]; nth++) {
            (void)snprintf(id, sizeof id, "tenant-%06zu", nth);
            ck_assert_ptr_eq(skd_snapshot_find(snapshot, skp_view_of(id)),
                             nth < sizes[i] ? skd_snapshot_at(snapshot, nth)
                                            : NULL);
        }
        skd_snapshot_unref(&snapshot);
    }
}
END_TEST

SKT_SUITE("snapshot",
          confirming_shares_the_keys_and_moves_the_time_of_who_has_no_reason,
          a_confirmation_never_goes_back,
          a_hundred_thousand_tenants_are_found_in_order_and_by_id,
          in_a_snapshot_of_any_size_each_is_found_and_no_other,
          together_tenants_are_found_as_one_by_one,
          together_a_single_key_serves_every_id_and_no_tenant_none,
          keys_come_newest_first_and_are_found_by_their_id,
          a_page_starts_after_any_id_known_or_not,
          a_single_key_serves_every_id,
          an_empty_snapshot_finds_nobody,
          the_last_pin_gives_the_locked_memory_back,
          pins_from_several_threads_add_up)
