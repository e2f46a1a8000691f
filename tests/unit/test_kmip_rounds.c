/* test_kmip_rounds.c - what the three round trips learn about each tenant's
 * object, through the source and one by one. */
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

START_TEST(each_round_asks_only_what_is_still_open)
{
    static const char *const tenants[] = { "a", "gone", "nobody" };
    struct skt_kmip_rig rig;
    struct skd_kmip_client *client = NULL;
    struct skd_kmip_remember *remember = NULL;
    struct skd_kmip_slice *slice;
    uint8_t expected[SKP_KEY_LEN];

    skt_kmip_rig_up(&rig);
    (void)skt_fake_add(&rig.fake, "10", "a", SKT_SEED_A);
    skt_fake_add(&rig.fake, "11", "gone", SKT_SEED_B)->state =
        SKD_STATE_DESTROYED;
    skt_kmip_rig_material(&rig, tenants, 3);
    slice = slice_of(&rig, &client, &remember);
    skd_kmip_remember_set(remember, skp_view_of("gone"), skp_view_of("11"));
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
          each_round_asks_only_what_is_still_open)
