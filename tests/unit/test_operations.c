/* test_operations.c - proves operations.c: which key opens what, and what every
 * state of a tenant allows. */
#include <string.h>

#include "agent/serve/handler.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define NOW_MS 100000u

static struct skd_config config;
static struct skd_handler *handler;
static struct skd_served served;
static const struct skd_peer peer = { .uid = 0 };
static bool wants;

/* Tenants: "both" with keys 2, 1; "other" with key 3; "closing" may only
 * decrypt with key 2; "none" has no key and "why" says why; "old" was confirmed
 * long ago. */
static void set_up(void)
{
    static const struct skt_tenant tenants[] = {
        { .id = "both",
          .use = SKD_USE_ALL,
          .keys = { 2, 1 },
          .confirmed_ms = NOW_MS },
        { .id = "other",
          .use = SKD_USE_ALL,
          .keys = { 3 },
          .confirmed_ms = NOW_MS },
        { .id = "closing",
          .use = SKD_USE_DECRYPT_ONLY,
          .keys = { 2 },
          .confirmed_ms = NOW_MS },
        { .id = "none", .use = SKD_USE_NONE, .reason = "why" },
        { .id = "old",
          .use = SKD_USE_ALL,
          .keys = { 4 },
          .confirmed_ms = NOW_MS - 60001 },
    };

    config = (struct skd_config){ .max_payload = 1000 };
    served = (struct skd_served){
        .snapshot = skt_snapshot_of(tenants, SKP_ARRAY_LEN(tenants), false),
        .policy = { &config, 500 },
    };
    wants = false;
    skt_ok(skd_handler_new(&skp_random_system, &handler));
}

static void tear_down(void)
{
    skd_handler_free(&handler);
    skd_snapshot_unref(&served.snapshot);
    skd_demand_free(&served.demand);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static struct skp_response answer_to(struct skp_request request)
{
    struct skp_response response;

    ck_assert_int_eq(skd_handler_run(handler, &served, &peer, NOW_MS, &request,
                                     NULL, &response, &wants),
                     SKD_HANDLED_ANSWER);
    return response;
}

static struct skp_request
request_of(enum skp_method method, const char *tenant, struct skp_view data)
{
    return (struct skp_request){ .method = method,
                                 .tenant = skp_view_of(tenant),
                                 .data = data };
}

/* The result's bytes, kept while the handler works on. */
static struct skp_view keep(struct skp_view bytes, uint8_t *place)
{
    memcpy(place, bytes.ptr, bytes.len);
    return (struct skp_view){ place, bytes.len };
}

static void text_is(const struct skp_response *response, const char *text)
{
    ck_assert_msg(skp_view_equal(response->text, skp_view_of(text)), "%.*s",
                  (int)response->text.len, (const char *)response->text.ptr);
}

static const struct skp_view greeting = { (const uint8_t *)"hello there", 11 };

START_TEST(what_is_encrypted_in_any_form_decrypts_to_itself)
{
    static const struct {
        enum skp_suite suite;
        bool raw;
        bool authenticated;
    } forms[] = {
        { SKP_SUITE_ANY, false, true },
        { SKP_SUITE_ANY, true, false },
        { SKP_SUITE_X25519_AES256CTR, false, false },
        { SKP_SUITE_X25519_AES256CTR, true, false },
        { SKP_SUITE_X25519_HPKE_AES256GCM, false, true },
    };
    struct skt_key key = skt_key_number(2);
    uint8_t place[2048];

    set_up();
    for (size_t i = 0; i < SKP_ARRAY_LEN(forms); i++) {
        struct skp_request request =
            request_of(SKP_METHOD_ENCRYPT, "both", greeting);
        struct skp_response response;

        request.suite = forms[i].suite;
        request.raw = forms[i].raw;
        response = answer_to(request);
        skt_ok(response.err);
        skt_bytes_eq((struct skp_view){ response.key_id, SKP_KEY_ID_LEN },
                     (struct skp_view){ key.key_id, SKP_KEY_ID_LEN });
        request.method = SKP_METHOD_DECRYPT;
        request.data = keep(response.data, place);
        response = answer_to(request);
        skt_ok(response.err);
        skt_bytes_eq(response.data, greeting);
        ck_assert_int_eq(response.authenticated, forms[i].authenticated);
        /* The rest of an earlier answer never shows up in a later one. */
        skd_handler_wipe(handler);
        ck_assert_uint_eq(response.data.ptr[0], 0);
    }
    tear_down();
}
END_TEST

START_TEST(the_raw_form_exists_in_suite_1_only)
{
    struct skp_request request =
        request_of(SKP_METHOD_ENCRYPT, "both", greeting);

    set_up();
    request.raw = true;
    request.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
    skt_err(answer_to(request).err, SKP_ERR_INVALID_ARGUMENT);
    tear_down();
}
END_TEST

/* Seals @greeting for @tenant with key @number, as a former agent would. */
static struct skp_view
seal_with(const char *tenant, unsigned number, uint8_t *place)
{
    const struct skt_tenant former = { .id = tenant,
                                       .use = SKD_USE_ALL,
                                       .keys = { number } };
    struct skd_snapshot *now = served.snapshot;
    struct skp_response response;

    served.snapshot = skt_snapshot_of(&former, 1, false);
    response = answer_to(request_of(SKP_METHOD_ENCRYPT, tenant, greeting));
    skt_ok(response.err);
    (void)keep(response.data, place);
    skd_snapshot_unref(&served.snapshot);
    served.snapshot = now;
    return (struct skp_view){ place, response.data.len };
}

START_TEST(the_key_id_in_the_header_chooses_the_key)
{
    struct skt_key former = skt_key_number(1);
    struct skp_response response;
    uint8_t place[2048];
    struct skp_view envelope;

    set_up();
    envelope = seal_with("both", 1, place);
    response = answer_to(request_of(SKP_METHOD_DECRYPT, "both", envelope));
    skt_ok(response.err);
    skt_bytes_eq(response.data, greeting);
    skt_bytes_eq((struct skp_view){ response.key_id, SKP_KEY_ID_LEN },
                 (struct skp_view){ former.key_id, SKP_KEY_ID_LEN });
    /* Another tenant's key is no generation of this one. */
    response = answer_to(request_of(SKP_METHOD_DECRYPT, "other", envelope));
    skt_err(response.err, SKP_ERR_NOT_FOUND);
    text_is(&response, "the tenant has no key of that key_id");
    tear_down();
}
END_TEST

START_TEST(two_tenants_with_one_key_cannot_open_each_others_envelopes)
{
    uint8_t place[2048];
    struct skp_view envelope;

    set_up();
    envelope = seal_with("both", 2, place);
    skt_err(answer_to(request_of(SKP_METHOD_DECRYPT, "closing", envelope)).err,
            SKP_ERR_DATA_LOSS);
    tear_down();
}
END_TEST

START_TEST(unwrap_gives_the_data_key_of_exactly_a_header)
{
    struct skp_response response;
    uint8_t place[2048];
    uint8_t first[SKP_KEY_LEN];
    struct skp_view envelope;

    set_up();
    envelope = seal_with("both", 2, place);
    skt_err(answer_to(request_of(SKP_METHOD_UNWRAP, "both", envelope)).err,
            SKP_ERR_INVALID_ARGUMENT);
    envelope.len = SKP_HEADER_2_LEN;
    response = answer_to(request_of(SKP_METHOD_UNWRAP, "both", envelope));
    skt_ok(response.err);
    ck_assert_uint_eq(response.data.len, SKP_KEY_LEN);
    ck_assert_int_eq(response.suite, SKP_SUITE_X25519_HPKE_AES256GCM);
    memcpy(first, response.data.ptr, sizeof first);
    response = answer_to(request_of(SKP_METHOD_UNWRAP, "both", envelope));
    skt_bytes_eq(response.data, (struct skp_view){ first, sizeof first });
    envelope.len--;
    skt_err(answer_to(request_of(SKP_METHOD_UNWRAP, "both", envelope)).err,
            SKP_ERR_INVALID_ARGUMENT);
    tear_down();
}
END_TEST

START_TEST(rewrap_moves_an_envelope_to_the_current_key)
{
    struct skt_key current = skt_key_number(2);
    struct skp_response response;
    uint8_t place[2048];
    struct skp_view envelope;

    set_up();
    envelope = seal_with("both", 1, place);
    response = answer_to(request_of(SKP_METHOD_REWRAP, "both", envelope));
    skt_ok(response.err);
    ck_assert_uint_eq(response.data.len, SKP_HEADER_2_LEN);
    memcpy(place, response.data.ptr, SKP_HEADER_2_LEN);
    response = answer_to(request_of(SKP_METHOD_DECRYPT, "both", envelope));
    skt_ok(response.err);
    skt_bytes_eq(response.data, greeting);
    skt_bytes_eq((struct skp_view){ response.key_id, SKP_KEY_ID_LEN },
                 (struct skp_view){ current.key_id, SKP_KEY_ID_LEN });
    tear_down();
}
END_TEST

START_TEST(suite_1_cannot_be_rewrapped)
{
    struct skp_request request =
        request_of(SKP_METHOD_ENCRYPT, "both", greeting);
    uint8_t place[2048];

    set_up();
    request.suite = SKP_SUITE_X25519_AES256CTR;
    request.data = keep(answer_to(request).data, place);
    request.method = SKP_METHOD_REWRAP;
    request.suite = SKP_SUITE_ANY;
    skt_err(answer_to(request).err, SKP_ERR_FAILED_PRECONDITION);
    tear_down();
}
END_TEST

START_TEST(a_suite_that_is_demanded_must_be_the_headers)
{
    struct skp_request request;
    uint8_t place[2048];

    set_up();
    request =
        request_of(SKP_METHOD_DECRYPT, "both", seal_with("both", 2, place));
    request.suite = SKP_SUITE_X25519_AES256CTR;
    skt_err(answer_to(request).err, SKP_ERR_INVALID_ARGUMENT);
    request.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
    skt_ok(answer_to(request).err);
    tear_down();
}
END_TEST

START_TEST(a_key_that_may_only_decrypt_does_only_that)
{
    uint8_t place[2048];
    struct skp_view envelope;
    struct skp_view header;

    set_up();
    envelope = seal_with("closing", 2, place);
    header = (struct skp_view){ place, SKP_HEADER_2_LEN };
    skt_ok(answer_to(request_of(SKP_METHOD_DECRYPT, "closing", envelope)).err);
    skt_ok(answer_to(request_of(SKP_METHOD_UNWRAP, "closing", header)).err);
    skt_err(answer_to(request_of(SKP_METHOD_ENCRYPT, "closing", greeting)).err,
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(answer_to(request_of(SKP_METHOD_PUBKEY, "closing", greeting)).err,
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(answer_to(request_of(SKP_METHOD_REWRAP, "closing", envelope)).err,
            SKP_ERR_FAILED_PRECONDITION);
    tear_down();
}
END_TEST

START_TEST(a_tenant_without_a_key_is_unavailable_and_says_why)
{
    struct skp_response response;

    set_up();
    response = answer_to(request_of(SKP_METHOD_PUBKEY, "none", greeting));
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    text_is(&response, "why");
    skd_snapshot_unref(&served.snapshot);
    response = answer_to(request_of(SKP_METHOD_PUBKEY, "both", greeting));
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    text_is(&response, "no keys are loaded yet");
    tear_down();
}
END_TEST

START_TEST(a_key_is_served_until_max_stale_and_not_longer)
{
    struct skp_request request = request_of(SKP_METHOD_PUBKEY, "old", greeting);

    set_up();
    skt_ok(answer_to(request).err);
    config.max_stale_ms = 60001;
    skt_ok(answer_to(request).err);
    config.max_stale_ms = 60000;
    skt_err(answer_to(request).err, SKP_ERR_UNAVAILABLE);
    request.tenant = skp_view_of("both");
    skt_ok(answer_to(request).err);
    tear_down();
}
END_TEST

START_TEST(a_confirmation_of_all_counts_for_max_stale)
{
    struct skp_request request = request_of(SKP_METHOD_PUBKEY, "old", greeting);
    struct skd_snapshot *confirmed = NULL;

    set_up();
    config.max_stale_ms = 60000;
    skt_err(answer_to(request).err, SKP_ERR_UNAVAILABLE);
    skt_ok(
        skd_snapshot_confirm(served.snapshot, NOW_MS - 60000, 1, &confirmed));
    skd_snapshot_unref(&served.snapshot);
    served.snapshot = confirmed;
    skt_ok(answer_to(request).err);
    tear_down();
}
END_TEST

START_TEST(an_unknown_tenant_is_not_found_where_the_list_is_final)
{
    set_up();
    skt_err(answer_to(request_of(SKP_METHOD_PUBKEY, "nobody", greeting)).err,
            SKP_ERR_NOT_FOUND);
    ck_assert(!wants);
    tear_down();
}
END_TEST

START_TEST(an_unknown_tenant_is_asked_for_once_and_unavailable_meanwhile)
{
    static char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1];
    struct skp_request request =
        request_of(SKP_METHOD_PUBKEY, "nobody", greeting);
    const bool found[] = { false };

    set_up();
    skt_ok(skd_demand_new(&served.demand));
    skt_err(answer_to(request).err, SKP_ERR_UNAVAILABLE);
    ck_assert(wants);
    wants = false;
    skt_err(answer_to(request).err, SKP_ERR_UNAVAILABLE);
    ck_assert(!wants);
    ck_assert_uint_eq(skd_demand_waiting(served.demand, ids), 1);
    skd_demand_settle(served.demand, ids, found, 1, NOW_MS);
    skt_err(answer_to(request).err, SKP_ERR_NOT_FOUND);
    ck_assert(!wants);
    tear_down();
}
END_TEST

/* One tenant, whose key was destroyed, and a tombstone of each kind. */
static struct skd_snapshot *graveyard(void)
{
    static const struct skd_tombstone graves[] = {
        { .id = "removed", .id_len = 7, .why = SKD_GONE_REMOVED },
        { .id = "forgotten", .id_len = 9, .why = SKD_GONE_FORGOTTEN },
        { .id = "destroyed", .id_len = 9, .why = SKD_GONE_DESTROYED },
    };
    static const struct skd_tenant ashes = { .id = "ashes",
                                             .id_len = 5,
                                             .is_destroyed = true,
                                             .reason = "not reached" };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(1, 0, false, &builder, &diag));
    skt_ok(skd_builder_add_tenant(builder, &ashes));
    skt_ok(skd_tombstones_reserve(skd_builder_tombstones(builder), 3));
    for (size_t i = 0; i < SKP_ARRAY_LEN(graves); i++) {
        skt_ok(skd_tombstones_add(skd_builder_tombstones(builder), &graves[i]));
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

static void is_gone(const char *tenant, enum skd_gone why)
{
    struct skp_response response =
        answer_to(request_of(SKP_METHOD_PUBKEY, tenant, greeting));

    skt_err(response.err, SKP_ERR_NOT_FOUND);
    text_is(&response, skd_gone_text(why));
}

START_TEST(who_is_gone_is_not_waited_for_and_the_answer_says_what_happened)
{
    set_up();
    skd_snapshot_unref(&served.snapshot);
    served.snapshot = graveyard();
    is_gone("removed", SKD_GONE_REMOVED); /* also where the list is final */
    ck_assert(!wants);
    skt_ok(skd_demand_new(&served.demand));
    is_gone("ashes", SKD_GONE_DESTROYED);
    ck_assert(!wants);
    is_gone("removed", SKD_GONE_REMOVED);
    ck_assert(wants); /* it may be back: the sources are asked */
    wants = false;
    is_gone("removed", SKD_GONE_REMOVED);
    ck_assert(!wants);
    is_gone("forgotten", SKD_GONE_FORGOTTEN);
    is_gone("destroyed", SKD_GONE_DESTROYED);
    skt_err(answer_to(request_of(SKP_METHOD_PUBKEY, "new", greeting)).err,
            SKP_ERR_UNAVAILABLE);
    tear_down();
}
END_TEST

START_TEST(payloads_over_the_limit_are_refused_either_way)
{
    static uint8_t plaintext[1001];
    static uint8_t place[4096];
    struct skp_request request = request_of(
        SKP_METHOD_ENCRYPT, "both", (struct skp_view){ plaintext, 1001 });
    struct skp_response response;

    set_up();
    skt_err(answer_to(request).err, SKP_ERR_RESOURCE_EXHAUSTED);
    request.data.len = 1000;
    response = answer_to(request);
    skt_ok(response.err);
    request.data = keep(response.data, place);
    request.method = SKP_METHOD_DECRYPT;
    skt_ok(answer_to(request).err);
    config.max_payload = 999;
    skt_err(answer_to(request).err, SKP_ERR_RESOURCE_EXHAUSTED);
    tear_down();
}
END_TEST

START_TEST(the_largest_payload_there_may_be_fits)
{
    static uint8_t plaintext[SKP_PAYLOAD_MAX];
    static uint8_t place[2 * SKP_PAYLOAD_MAX];
    struct skp_request request =
        request_of(SKP_METHOD_ENCRYPT, "both",
                   (struct skp_view){ plaintext, sizeof plaintext });
    struct skp_response response;

    set_up();
    config.max_payload = SKP_PAYLOAD_MAX;
    response = answer_to(request);
    skt_ok(response.err);
    request.data = keep(response.data, place);
    request.method = SKP_METHOD_DECRYPT;
    response = answer_to(request);
    skt_ok(response.err);
    ck_assert_uint_eq(response.data.len, SKP_PAYLOAD_MAX);
    tear_down();
}
END_TEST

START_TEST(one_key_serves_every_tenant_in_single_key_mode)
{
    static const struct skt_tenant all = { .id = "*",
                                           .use = SKD_USE_ALL,
                                           .keys = { 5 } };
    struct skt_key key = skt_key_number(5);
    struct skp_response response;

    set_up();
    skd_snapshot_unref(&served.snapshot);
    served.snapshot = skt_snapshot_of(&all, 1, true);
    response = answer_to(request_of(SKP_METHOD_PUBKEY, "whoever", greeting));
    skt_ok(response.err);
    skt_bytes_eq(response.data,
                 (struct skp_view){ key.public_key, SKP_KEY_LEN });
    tear_down();
}
END_TEST

SKT_SUITE("operations",
          what_is_encrypted_in_any_form_decrypts_to_itself,
          the_raw_form_exists_in_suite_1_only,
          the_key_id_in_the_header_chooses_the_key,
          two_tenants_with_one_key_cannot_open_each_others_envelopes,
          unwrap_gives_the_data_key_of_exactly_a_header,
          rewrap_moves_an_envelope_to_the_current_key,
          suite_1_cannot_be_rewrapped,
          a_suite_that_is_demanded_must_be_the_headers,
          a_key_that_may_only_decrypt_does_only_that,
          a_tenant_without_a_key_is_unavailable_and_says_why,
          a_key_is_served_until_max_stale_and_not_longer,
          a_confirmation_of_all_counts_for_max_stale,
          an_unknown_tenant_is_not_found_where_the_list_is_final,
          an_unknown_tenant_is_asked_for_once_and_unavailable_meanwhile,
          who_is_gone_is_not_waited_for_and_the_answer_says_what_happened,
          payloads_over_the_limit_are_refused_either_way,
          the_largest_payload_there_may_be_fits,
          one_key_serves_every_tenant_in_single_key_mode)
