/* test_kmip_rounds.c - what the round trips learn about each tenant's
 * object, through the source and one by one. */
#include <stdio.h>

#include "agent/source/kmip/kmip_rounds.h"
#include "protocol/key.h"
#include "tests/lib/kmip_rig.h"
#include "tests/lib/suite.h"

START_TEST(each_tenant_gets_its_own_key_and_state)
{
    static const char *const tenants[] = { "a", "b", "c", "d", "nobody" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_fake_add(&rig.fake, "11", "b", SKT_SEED_B)->state =
        SKD_STATE_PRE_ACTIVE;
    skt_fake_add(&rig.fake, "12", "c", SKT_SEED_A)->state =
        SKD_STATE_DEACTIVATED;
    skt_fake_add(&rig.fake, "13", "d", SKT_SEED_B)->state =
        SKD_STATE_COMPROMISED;
    skt_kmip_rig_fetch(&rig, tenants, 5);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_key(&rig, 1, SKT_SEED_B);
    skt_kmip_rig_key(&rig, 2, SKT_SEED_A);
    skt_kmip_rig_key(&rig, 3, SKT_SEED_B);
    for (size_t i = 0; i < 4; i++) {
        static const enum skd_key_state states[] = { SKD_KEY_ACTIVE,
                                                     SKD_KEY_PRE_ACTIVE,
                                                     SKD_KEY_DEACTIVATED,
                                                     SKD_KEY_COMPROMISED };

        ck_assert_int_eq(skd_material_item(rig.material, i)->state, states[i]);
    }
    skt_kmip_rig_said(&rig, 4, SKD_SAID_ABSENT,
                      "key not found for private tenantID nobody");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(one_bad_object_does_not_condemn_the_others)
{
    static const char *const tenants[] = { "good",   "twice",  "lost",
                                           "denied", "poison", "misnamed",
                                           "short",  "wrong",  "last" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "1", "good", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "2", "twice", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "3", "twice", SKT_SEED_B);
    skt_fake_add(&rig.fake, "4", "lost", SKT_SEED_A)->is_lost = true;
    skt_fake_add(&rig.fake, "5", "denied", SKT_SEED_A)->is_denied = true;
    skt_fake_add(&rig.fake, "6", "poison", SKT_SEED_A)->is_poison = true;
    skt_fake_add(&rig.fake, "7", "misnamed", SKT_SEED_A)->is_misnamed = true;
    (void)skt_fake_add(&rig.fake, "8", "short", "AAAA");
    (void)skt_fake_add(&rig.fake, "9", "wrong", "not base64 at all");
    (void)skt_fake_add(&rig.fake, "10", "last", SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 9);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_said(&rig, 1, SKD_SAID_DUPLICATE,
                      "duplicate objects for tenant twice");
    skt_kmip_rig_said(&rig, 2, SKD_SAID_ABSENT,
                      "key not found for private tenantID");
    skt_kmip_rig_said(&rig, 3, SKD_SAID_UNREACHED,
                      "Permission Denied (no ?[31mway)");
    skt_kmip_rig_said(&rig, 4, SKD_SAID_UNREACHED,
                      "error decoding kms response: ");
    skt_kmip_rig_said(&rig, 5, SKD_SAID_UNREACHED,
                      "error decoding kms response payload: ");
    skt_kmip_rig_said(&rig, 6, SKD_SAID_UNUSABLE, "too short");
    skt_kmip_rig_said(&rig, 7, SKD_SAID_UNUSABLE, "not base64");
    skt_kmip_rig_key(&rig, 8, SKT_SEED_B);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_destroyed_object_is_told_from_one_that_is_not_there)
{
    static const char *const tenants[] = { "a", "b", "c" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "11", "b", SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 3);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_key(&rig, 1, SKT_SEED_B);

    rig.fake.objects[0].state = SKD_STATE_DESTROYED;
    rig.fake.objects[1].state = SKD_STATE_DESTROYED_COMPROMISED;
    rig.fake.objects[1].is_lost = true;
    skt_kmip_rig_fetch(&rig, tenants, 3);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_DESTROYED, "destroyed");
    skt_kmip_rig_said(&rig, 1, SKD_SAID_ABSENT, "key not found for private");
    skt_kmip_rig_said(&rig, 2, SKD_SAID_ABSENT, "key not found for private");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(pre_active_is_refused_only_when_wished)
{
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.require_active = true;
    skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A)->state =
        SKD_STATE_PRE_ACTIVE;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_UNUSABLE, "Pre-Active");
    ck_assert_uint_eq(skd_material_n_keys(rig.material), 0);
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(a_custom_attribute_is_located_and_compared)
{
    static const char *const tenants[] = { "a", "b" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    rig.config.tenant_attribute_name = "tenant";
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_fake_add(&rig.fake, "11", "b", SKT_SEED_B)->is_misnamed = true;
    skt_kmip_rig_fetch(&rig, tenants, 2);
    skt_kmip_rig_key(&rig, 0, SKT_SEED_A);
    skt_kmip_rig_said(&rig, 1, SKD_SAID_UNREACHED, "bears another name");
    skt_kmip_rig_down(&rig);
}
END_TEST

/* A slice over the rig's own client. */
static struct skd_kmip_slice *slice_of(struct skt_kmip_rig *rig,
                                       struct skd_kmip_client **client,
                                       struct skd_kmip_remember **remember)
{
    struct skd_kmip_slice *slice = NULL;
    size_t next = 0;

    skt_ok(skd_kmip_client_new(&rig->config, &skd_env_system, &rig->connector,
                               client, NULL));
    skt_ok(skd_kmip_remember_new(remember));
    skt_ok(skd_kmip_slice_new(&slice));
    slice->client = *client;
    slice->remember = *remember;
    slice->material = rig->material;
    slice->diag = &rig->diag;
    skd_kmip_slice_fill(slice, &next);
    return slice;
}

/* What a short round makes of a tenant whose key is held, after @change was
 * done to its object (number 0 of the fake). */
static void check_not_confirmed(void (*change)(struct skt_fake *fake),
                                enum skd_said said,
                                const char *reason)
{
    static const char *const tenants[] = { "a", "b" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    (void)skt_fake_add(&rig.fake, "11", "b", SKT_SEED_B);
    skt_kmip_rig_fetch(&rig, tenants, 2);
    rig.is_held = true;
    change(&rig.fake);
    rig.fake.n_items = 0;
    skt_kmip_rig_fetch(&rig, tenants, 2);
    skt_kmip_rig_said(&rig, 1, SKD_SAID_SAME, NULL);
    skt_kmip_rig_said(&rig, 0, said, reason);
    /* One each, and then the full way of the one. */
    ck_assert_uint_ge(rig.fake.n_items, 3);
    skt_kmip_rig_down(&rig);
}

static void lose(struct skt_fake *fake)
{
    fake->objects[0].is_lost = true;
}

static void destroy(struct skt_fake *fake)
{
    fake->objects[0].state = SKD_STATE_DESTROYED;
}

static void destroy_compromised(struct skt_fake *fake)
{
    fake->objects[0].state = SKD_STATE_DESTROYED_COMPROMISED;
}

static void misname(struct skt_fake *fake)
{
    fake->objects[0].is_misnamed = true;
}

static void deny(struct skt_fake *fake)
{
    fake->objects[0].is_denied = true;
}

static void set_unknown_state(struct skt_fake *fake)
{
    fake->objects[0].state = 0;
}

/* Another object under the same identifier and Name, as after the server's
 * database was set up anew. */
static void replace_in_place(struct skt_fake *fake)
{
    (void)snprintf(fake->objects[0].seed, sizeof fake->objects[0].seed, "%s",
                   SKT_SEED_B);
    fake->objects[0].initial_s++;
}

static void rotate(struct skt_fake *fake)
{
    fake->objects[0].state = SKD_STATE_DESTROYED;
    (void)skt_fake_add(fake, "12", "a", SKT_SEED_B);
}

static void lose_and_double(struct skt_fake *fake)
{
    fake->objects[0].is_lost = true;
    (void)skt_fake_add(fake, "12", "a", SKT_SEED_B);
}

START_TEST(whatever_is_not_the_object_as_it_was_goes_the_full_way)
{
    check_not_confirmed(lose, SKD_SAID_ABSENT, "key not found");
    check_not_confirmed(destroy, SKD_SAID_DESTROYED, "destroyed");
    check_not_confirmed(destroy_compromised, SKD_SAID_DESTROYED, "destroyed");
    check_not_confirmed(misname, SKD_SAID_UNREACHED, "bears another name");
    check_not_confirmed(deny, SKD_SAID_UNREACHED, "Permission Denied");
    check_not_confirmed(set_unknown_state, SKD_SAID_UNREACHED,
                        "not one known state");
    check_not_confirmed(replace_in_place, SKD_SAID_KEYS, NULL);
    check_not_confirmed(rotate, SKD_SAID_KEYS, NULL);
    check_not_confirmed(lose_and_double, SKD_SAID_DUPLICATE, "duplicate");
}
END_TEST

START_TEST(the_state_of_a_confirmed_key_is_news)
{
    static const struct {
        enum skd_kmip_state state;
        enum skd_key_state expected;
    } rows[] = {
        { SKD_STATE_PRE_ACTIVE, SKD_KEY_PRE_ACTIVE },
        { SKD_STATE_ACTIVE, SKD_KEY_ACTIVE },
        { SKD_STATE_DEACTIVATED, SKD_KEY_DEACTIVATED },
        { SKD_STATE_COMPROMISED, SKD_KEY_COMPROMISED },
    };
    static const char *const tenants[] = { "a" };
    struct skt_kmip_rig rig;

    skt_kmip_rig_up(&rig);
    skt_kmip_rig_source(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_kmip_rig_fetch(&rig, tenants, 1);
    ck_assert(!skd_material_item(rig.material, 0)->tells_state);
    rig.is_held = true;
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        rig.fake.objects[0].state = rows[i].state;
        skt_kmip_rig_fetch(&rig, tenants, 1);
        skt_kmip_rig_said(&rig, 0, SKD_SAID_SAME, NULL);
        ck_assert(skd_material_item(rig.material, 0)->tells_state);
        ck_assert_int_eq(skd_material_item(rig.material, 0)->state,
                         rows[i].expected);
    }
    rig.config.require_active = true;
    rig.fake.objects[0].state = SKD_STATE_PRE_ACTIVE;
    skt_kmip_rig_fetch(&rig, tenants, 1);
    skt_kmip_rig_said(&rig, 0, SKD_SAID_UNUSABLE, "Pre-Active");
    skt_kmip_rig_down(&rig);
}
END_TEST

START_TEST(each_round_asks_only_what_is_still_open)
{
    static const char *const tenants[] = { "a", "gone", "nobody" };
    struct skt_kmip_rig rig;
    struct skd_kmip_client *client = NULL;
    struct skd_kmip_remember *remember = NULL;
    const struct skd_kmip_known gone = { skp_view_of("11"), 1 };
    struct skd_kmip_slice *slice;
    uint8_t expected[SKP_KEY_LEN];

    skt_kmip_rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_fake_add(&rig.fake, "11", "gone", SKT_SEED_B)->state =
        SKD_STATE_DESTROYED;
    skt_kmip_rig_material(&rig, tenants, 3);
    slice = slice_of(&rig, &client, &remember);
    skd_kmip_remember_note(remember, skp_view_of("gone"), &gone);
    skd_kmip_remember_settle(remember, true);
    skd_kmip_client_begin(client, &skd_env_system);

    skt_ok(skd_kmip_rounds_locate(slice));
    ck_assert_uint_eq(rig.fake.n_items, 3);
    ck_assert(skp_view_equal(skd_kmip_slice_identifier(&slice->lookups[0]),
                             skp_view_of("10")));
    ck_assert_int_eq(slice->lookups[1].said, SKD_SAID_ABSENT);

    skt_ok(skd_kmip_rounds_get(slice));
    ck_assert_uint_eq(rig.fake.n_items, 5);
    ck_assert(slice->lookups[0].has_key && slice->lookups[0].has_state);
    ck_assert(!slice->lookups[1].has_key && !slice->lookups[2].has_key);
    skt_ok(skp_key_from_seed(skp_view_of(SKT_SEED_A), expected, NULL));
    skt_bytes_eq((struct skp_view){ skd_kmip_slice_key(slice, 0), SKP_KEY_LEN },
                 (struct skp_view){ expected, SKP_KEY_LEN });

    skt_ok(skd_kmip_rounds_ask_remembered(slice));
    ck_assert_uint_eq(rig.fake.n_items, 6);
    ck_assert_int_eq(slice->lookups[0].said, SKD_SAID_ASK);
    ck_assert_int_eq(slice->lookups[1].said, SKD_SAID_DESTROYED);
    ck_assert_int_eq(slice->lookups[2].said, SKD_SAID_ABSENT);
    skd_kmip_slice_free(&slice);
    skd_kmip_remember_free(&remember);
    skd_kmip_client_free(&client);
    skt_kmip_rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_rounds",
          each_tenant_gets_its_own_key_and_state,
          one_bad_object_does_not_condemn_the_others,
          a_destroyed_object_is_told_from_one_that_is_not_there,
          pre_active_is_refused_only_when_wished,
          a_custom_attribute_is_located_and_compared,
          whatever_is_not_the_object_as_it_was_goes_the_full_way,
          the_state_of_a_confirmed_key_is_news,
          each_round_asks_only_what_is_still_open)
