/* test_files.c - the suite of agent/source/files.c. */
#include "agent/source/sources.h"
#include "protocol/key.h"
#include "tests/lib/checked.h"

static const struct skd_fetch no_fetch = { .env = &skd_env_system };

/* A config of our own making, pinned once by each source. */
struct fixture {
    struct skd_config config;
    struct skd_local_key keys[3];
    struct skp_view seeds[3][3];
    struct skd_source *source;
    struct skd_material *material;
};

static void add_key(struct fixture *fixture,
                    const char *tenant,
                    const char *const *seeds,
                    size_t n_seeds)
{
    size_t i = fixture->config.n_local_keys++;

    for (size_t s = 0; s < n_seeds; s++) {
        fixture->seeds[i][s] = skp_view_of(seeds[s]);
    }
    fixture->keys[i] =
        (struct skd_local_key){ tenant, fixture->seeds[i], n_seeds };
}

static void start(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->config.local_keys = fixture->keys;
    skt_ok(skd_memory_new(&fixture->config.memory));
    skt_ok(skd_material_new(&fixture->material));
}

static void stop(struct fixture *fixture)
{
    const struct skd_config *config = &fixture->config;

    skd_source_free(&fixture->source);
    ck_assert_ptr_null(fixture->source);
    skd_material_free(&fixture->material);
    skd_config_unref(&config);
}

static void fetch(struct fixture *fixture)
{
    struct skp_diag diag = { "" };
    uint64_t retry_ms = 7;

    skt_ok(fixture->source->ops->fetch(fixture->source, &no_fetch,
                                       fixture->material, &retry_ms, &diag));
    ck_assert_uint_eq(retry_ms, 0);
}

static void expect_key(struct fixture *fixture,
                       const struct skd_item *item,
                       size_t nth,
                       const char *seed)
{
    uint8_t expected[SKP_KEY_LEN];
    struct skp_diag diag;

    skt_ok(skp_key_from_seed(skp_view_of(seed), expected, &diag));
    skt_bytes_eq((struct skp_view){ skd_material_key(fixture->material,
                                                     item->first_key + nth),
                                    SKP_KEY_LEN },
                 (struct skp_view){ expected, SKP_KEY_LEN });
}

START_TEST(the_single_key_is_one_item_for_all)
{
    static const char *const seeds[] = { SKT_SEED_A };
    struct fixture fixture;
    const struct skd_item *item;

    start(&fixture);
    add_key(&fixture, NULL, seeds, 1);
    skt_ok(skd_source_files_list_new(&fixture.config, &fixture.source));
    ck_assert_str_eq(fixture.source->ops->name, "file");
    fetch(&fixture);
    ck_assert_uint_eq(skd_material_count(fixture.material), 1);
    item = skd_material_item(fixture.material, 0);
    ck_assert_str_eq(item->tenant, "*");
    ck_assert_int_eq(item->said, SKD_SAID_KEYS);
    ck_assert_int_eq(item->state, SKD_KEY_ACTIVE);
    ck_assert_int_eq(item->origin, SKP_ORIGIN_FILE);
    ck_assert(!item->is_private);
    ck_assert_uint_eq(item->n_keys, 1);
    expect_key(&fixture, item, 0, SKT_SEED_A);
    stop(&fixture);
}
END_TEST

START_TEST(a_bad_seed_costs_its_own_tenant_only)
{
    static const char *const good[] = { SKT_SEED_B, SKT_SEED_A };
    static const char *const bad[] = { "AAEC", SKT_SEED_A };
    static const char *const former[] = { SKT_SEED_A, "%", SKT_SEED_B };
    struct fixture fixture;
    const struct skd_item *item;

    start(&fixture);
    add_key(&fixture, "good", good, 2);
    add_key(&fixture, "bad", bad, 2);
    add_key(&fixture, "former", former, 3);
    skt_ok(skd_source_files_list_new(&fixture.config, &fixture.source));
    fetch(&fixture);
    ck_assert_uint_eq(skd_material_count(fixture.material), 3);
    item = skd_material_item(fixture.material, 0);
    ck_assert_int_eq(item->said, SKD_SAID_KEYS);
    ck_assert_uint_eq(item->n_keys, 2);
    ck_assert_ptr_null(item->reason);
    expect_key(&fixture, item, 0, SKT_SEED_B);
    expect_key(&fixture, item, 1, SKT_SEED_A);
    item = skd_material_item(fixture.material, 1);
    ck_assert_int_eq(item->said, SKD_SAID_UNUSABLE);
    ck_assert_uint_eq(item->n_keys, 0);
    ck_assert_str_eq(item->reason, "seed is too short, 32 bytes are the least");
    item = skd_material_item(fixture.material, 2);
    ck_assert_int_eq(item->said, SKD_SAID_KEYS);
    ck_assert_uint_eq(item->n_keys, 2);
    ck_assert_str_eq(item->reason, "former key 1: seed is not base64");
    expect_key(&fixture, item, 0, SKT_SEED_A);
    expect_key(&fixture, item, 1, SKT_SEED_B);
    stop(&fixture);
}
END_TEST

START_TEST(seeds_answer_for_open_private_tenants_only)
{
    static const char *const seeds[] = { SKT_SEED_A };
    struct fixture fixture;
    size_t index = 0;

    start(&fixture);
    add_key(&fixture, "open", seeds, 1);
    add_key(&fixture, "public", seeds, 1);
    add_key(&fixture, "unlisted", seeds, 1);
    skt_ok(skd_source_files_seeds_new(&fixture.config, &fixture.source));
    skt_ok(skd_material_add(fixture.material, skp_view_of("other"), &index));
    skt_ok(skd_material_add(fixture.material, skp_view_of("public"), &index));
    skd_material_item(fixture.material, index)->said = SKD_SAID_UNUSABLE;
    skd_material_item(fixture.material, index)->is_private = false;
    skt_ok(skd_material_add(fixture.material, skp_view_of("open"), &index));
    fetch(&fixture);
    ck_assert_uint_eq(skd_material_count(fixture.material), 3);
    ck_assert_int_eq(skd_material_item(fixture.material, 0)->said,
                     SKD_SAID_ASK);
    ck_assert_int_eq(skd_material_item(fixture.material, 1)->said,
                     SKD_SAID_UNUSABLE);
    ck_assert_int_eq(skd_material_item(fixture.material, 2)->said,
                     SKD_SAID_KEYS);
    ck_assert_int_eq(skd_material_item(fixture.material, 2)->origin,
                     SKP_ORIGIN_FILE);
    ck_assert(skd_material_item(fixture.material, 2)->is_private);
    expect_key(&fixture, skd_material_item(fixture.material, 2), 0, SKT_SEED_A);
    stop(&fixture);
}
END_TEST

START_TEST(a_bad_local_seed_does_not_fall_through_to_the_next_source)
{
    static const char *const seeds[] = { "%%" };
    struct fixture fixture;
    size_t index = 0;

    start(&fixture);
    add_key(&fixture, "open", seeds, 1);
    skt_ok(skd_source_files_seeds_new(&fixture.config, &fixture.source));
    skt_ok(skd_material_add(fixture.material, skp_view_of("open"), &index));
    fetch(&fixture);
    ck_assert_int_eq(skd_material_item(fixture.material, 0)->said,
                     SKD_SAID_UNUSABLE);
    ck_assert_str_eq(skd_material_item(fixture.material, 0)->reason,
                     "seed is not base64");
    stop(&fixture);
}
END_TEST

SKT_SUITE("files",
          the_single_key_is_one_item_for_all,
          a_bad_seed_costs_its_own_tenant_only,
          seeds_answer_for_open_private_tenants_only,
          a_bad_local_seed_does_not_fall_through_to_the_next_source)
