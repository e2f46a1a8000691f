/* test_handler.c - proves handler.c: who may, what the simple methods answer,
 * and that nothing is revealed to those who may not. */
#include <stdio.h>
#include <string.h>

#include "agent/serve/handler.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

static struct skd_config config;
static struct skd_handler *handler;
static struct skd_served served;
static struct skd_peer peer;
static bool wants;

static void set_up(struct skd_snapshot *snapshot)
{
    config = (struct skd_config){ .max_payload = 1000 };
    peer = (struct skd_peer){ .uid = 500, .gid = 500 };
    served =
        (struct skd_served){ .snapshot = snapshot, .policy = { &config, 500 } };
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

static enum skd_handled run(struct skp_request request,
                            struct skp_response *ret)
{
    request.msgid = 42;
    return skd_handler_run(handler, &served, &peer, 100000, &request, NULL, ret,
                           &wants);
}

static struct skp_response answer_to(struct skp_request request)
{
    struct skp_response response;

    ck_assert_int_eq(run(request, &response), SKD_HANDLED_ANSWER);
    ck_assert(response.has_msgid);
    ck_assert_uint_eq(response.msgid, 42);
    ck_assert_int_eq(response.method, request.method);
    return response;
}

START_TEST(hello_is_open_to_every_caller)
{
    struct skp_response response;

    set_up(NULL);
    peer.uid = 12345;
    response = answer_to((struct skp_request){ .method = SKP_METHOD_HELLO });
    skt_ok(response.err);
    ck_assert_uint_eq(response.hello->protocol, SKP_PROTOCOL_VERSION);
    ck_assert_uint_eq(response.hello->payload_max, 1000);
    ck_assert_uint_eq(response.hello->message_max, SKP_MESSAGE_MAX);
    ck_assert_uint_eq(response.hello->aad_max, SKP_AAD_MAX);
    ck_assert(skp_view_equal(response.hello->agent,
                             skp_view_of("sidekeyd/" SKD_VERSION)));
    tear_down();
}
END_TEST

START_TEST(who_may_not_learns_nothing_and_wakes_nobody)
{
    static const struct skt_tenant tenant = { .id = "a",
                                              .use = SKD_USE_ALL,
                                              .keys = { 1 } };
    static const char *const ids[] = { "a", "unknown" };

    set_up(skt_snapshot_of(&tenant, 1, false));
    skt_ok(skd_demand_new(&served.demand));
    peer.uid = 12345;
    for (int m = SKP_METHOD_PUBKEY; m < SKP_METHOD_COUNT; m++) {
        for (size_t i = 0; i < 2; i++) {
            bool has_tenant = m <= SKP_METHOD_REWRAP || m == SKP_METHOD_FORGET;
            struct skp_request request = { .method = (enum skp_method)m };
            struct skp_response response;

            if (has_tenant) {
                request.tenant = skp_view_of(ids[i]);
            }
            response = answer_to(request);
            skt_err(response.err, SKP_ERR_PERMISSION_DENIED);
            ck_assert_uint_eq(response.text.len, 0);
        }
    }
    ck_assert(!wants);
    tear_down();
}
END_TEST

/* A peer with exactly one right on all tenants may do the methods of that
 * right and no other. */
START_TEST(each_method_needs_its_own_right)
{
    static const unsigned rights[SKP_METHOD_COUNT] = {
        [SKP_METHOD_PUBKEY] = SKD_RIGHT_PUBKEY,
        [SKP_METHOD_ENCRYPT] = SKD_RIGHT_ENCRYPT,
        [SKP_METHOD_DECRYPT] = SKD_RIGHT_DECRYPT,
        [SKP_METHOD_UNWRAP] = SKD_RIGHT_UNWRAP,
        [SKP_METHOD_REWRAP] = SKD_RIGHT_REWRAP,
        [SKP_METHOD_WATCH] = SKD_RIGHT_WATCH,
        [SKP_METHOD_TENANTS] = SKD_RIGHT_ADMIN,
        [SKP_METHOD_STATUS] = SKD_RIGHT_ADMIN,
        [SKP_METHOD_REFRESH] = SKD_RIGHT_ADMIN,
        [SKP_METHOD_FORGET] = SKD_RIGHT_ADMIN,
    };
    struct skd_access_rule rule = { .any_tenant = true };

    set_up(NULL);
    config.has_access = true;
    config.access = &rule;
    config.n_access = 1;
    for (int m = SKP_METHOD_PUBKEY; m < SKP_METHOD_COUNT; m++) {
        for (unsigned right = 1; right <= SKD_RIGHT_ADMIN; right *= 2) {
            struct skp_request request = { .method = (enum skp_method)m,
                                           .tenant = skp_view_of("a") };
            struct skp_response response;

            rule.rights = right;
            (void)run(request, &response);
            ck_assert_int_eq(response.err != SKP_ERR_PERMISSION_DENIED,
                             rights[m] == right);
        }
    }
    tear_down();
}
END_TEST

START_TEST(requests_about_all_tenants_need_a_rule_about_all_tenants)
{
    static const char *const ids[] = { "a" };
    struct skd_access_rule rule = { .tenants = ids,
                                    .n_tenants = 1,
                                    .rights = SKD_RIGHT_ALL };
    struct skp_view named[] = { skp_view_of("a"), skp_view_of("b") };
    struct skp_request watch = { .method = SKP_METHOD_WATCH };
    struct skp_response response;

    set_up(NULL);
    config.has_access = true;
    config.access = &rule;
    config.n_access = 1;
    skt_err(answer_to((struct skp_request){ .method = SKP_METHOD_STATUS }).err,
            SKP_ERR_PERMISSION_DENIED);
    skt_err(answer_to((struct skp_request){ .method = SKP_METHOD_TENANTS }).err,
            SKP_ERR_PERMISSION_DENIED);
    skt_err(answer_to(watch).err, SKP_ERR_PERMISSION_DENIED);
    watch.tenants = named;
    watch.n_tenants = 2;
    skt_err(answer_to(watch).err, SKP_ERR_PERMISSION_DENIED);
    watch.n_tenants = 1;
    ck_assert_int_eq(run(watch, &response), SKD_HANDLED_WATCH);
    skt_ok(response.err);
    tear_down();
}
END_TEST

START_TEST(refresh_forget_and_status_go_to_the_main_loop)
{
    struct skp_response response;
    struct skp_request forget = { .method = SKP_METHOD_FORGET,
                                  .tenant = skp_view_of("a") };

    set_up(NULL);
    ck_assert_int_eq(
        run((struct skp_request){ .method = SKP_METHOD_REFRESH }, &response),
        SKD_HANDLED_ASK);
    ck_assert_int_eq(
        run((struct skp_request){ .method = SKP_METHOD_STATUS }, &response),
        SKD_HANDLED_ASK);
    ck_assert_int_eq(run(forget, &response), SKD_HANDLED_ASK);
    tear_down();
}
END_TEST

START_TEST(tenants_are_listed_page_by_page_each_once)
{
    struct skp_request request = { .method = SKP_METHOD_TENANTS };
    struct skp_response response;
    char cursor[SKP_TENANT_MAX];
    char expected[16];
    size_t n = 0;

    set_up(skt_snapshot_many(1234, 1));
    do {
        response = answer_to(request);
        skt_ok(response.err);
        ck_assert_uint_le(response.n_rows, SKP_TENANTS_PAGE);
        for (size_t i = 0; i < response.n_rows; i++) {
            (void)snprintf(expected, sizeof expected, "t%05zu", n++);
            ck_assert(
                skp_view_equal(response.rows[i].id, skp_view_of(expected)));
        }
        for (size_t i = 0; i < response.next.len; i++) {
            cursor[i] = (char)response.next.ptr[i];
        }
        request.cursor =
            (struct skp_view){ (const uint8_t *)cursor, response.next.len };
    } while (request.cursor.len > 0);
    ck_assert_uint_eq(n, 1234);
    request.cursor = skp_view_of("zzz");
    response = answer_to(request);
    skt_ok(response.err);
    ck_assert_uint_eq(response.n_rows, 0);
    ck_assert_uint_eq(response.next.len, 0);
    tear_down();
}
END_TEST

START_TEST(a_last_page_that_is_full_has_no_next)
{
    struct skp_response response;

    set_up(skt_snapshot_many(SKP_TENANTS_PAGE, 1));
    response = answer_to((struct skp_request){ .method = SKP_METHOD_TENANTS });
    ck_assert_uint_eq(response.n_rows, SKP_TENANTS_PAGE);
    ck_assert_uint_eq(response.next.len, 0);
    tear_down();
}
END_TEST

START_TEST(tenants_are_listed_with_their_state)
{
    static const struct skt_tenant tenants[] = {
        { .id = "a",
          .use = SKD_USE_ALL,
          .keys = { 1, 2 },
          .confirmed_ms = 99000 },
        { .id = "b",
          .use = SKD_USE_DECRYPT_ONLY,
          .keys = { 3 },
          .confirmed_ms = 99000 },
        { .id = "c", .use = SKD_USE_ALL, .keys = { 4 }, .confirmed_ms = 1 },
        { .id = "d", .use = SKD_USE_NONE },
    };
    struct skt_key key = skt_key_number(1);
    struct skp_response response;

    set_up(skt_snapshot_of(tenants, 4, false));
    config.max_stale_ms = 50000;
    response = answer_to((struct skp_request){ .method = SKP_METHOD_TENANTS });
    ck_assert_uint_eq(response.n_rows, 4);
    ck_assert_int_eq(response.rows[0].state, SKP_TENANT_STATE_ACTIVE);
    ck_assert_int_eq(response.rows[1].state, SKP_TENANT_STATE_DECRYPT_ONLY);
    ck_assert_int_eq(response.rows[2].state, SKP_TENANT_STATE_STALE);
    ck_assert_int_eq(response.rows[3].state, SKP_TENANT_STATE_UNAVAILABLE);
    ck_assert_int_eq(response.rows[0].origin, SKP_ORIGIN_COORDINATOR);
    ck_assert_int_eq(response.rows[0].confirmed_at_s, 1700000000);
    ck_assert_uint_eq(response.rows[0].generation, 2);
    skt_bytes_eq((struct skp_view){ response.rows[0].key_id, SKP_KEY_ID_LEN },
                 (struct skp_view){ key.key_id, SKP_KEY_ID_LEN });
    ck_assert_ptr_null(response.rows[3].key_id);
    ck_assert_uint_eq(response.rows[3].generation, 0);
    tear_down();
}
END_TEST

START_TEST(without_room_in_the_audit_log_no_private_key_is_used)
{
    static const struct skt_tenant tenant = { .id = "a",
                                              .use = SKD_USE_ALL,
                                              .keys = { 1 } };
    static const enum skp_method methods[] = { SKP_METHOD_DECRYPT,
                                               SKP_METHOD_UNWRAP,
                                               SKP_METHOD_REWRAP };
    struct skp_request request = { .tenant = skp_view_of("a") };
    struct skp_response response;
    uint8_t key_id[SKP_KEY_ID_LEN];

    set_up(skt_snapshot_of(&tenant, 1, false));
    served.may_not_use_keys = true;
    for (size_t i = 0; i < SKP_ARRAY_LEN(methods); i++) {
        request.method = methods[i];
        ck_assert(skd_handler_uses_key(request.method));
        peer.uid = 500;
        response = answer_to(request);
        skt_err(response.err, SKP_ERR_UNAVAILABLE);
        ck_assert(!skd_handler_used_key(handler, key_id));
        peer.uid = 12345;
        response = answer_to(request);
        skt_err(response.err, SKP_ERR_PERMISSION_DENIED);
    }
    peer.uid = 500;
    request.method = SKP_METHOD_PUBKEY;
    ck_assert(!skd_handler_uses_key(request.method));
    response = answer_to(request);
    skt_ok(response.err);
    tear_down();
}
END_TEST

START_TEST(the_key_that_was_used_is_known_also_when_the_use_failed)
{
    static const struct skt_tenant tenant = { .id = "a",
                                              .use = SKD_USE_ALL,
                                              .keys = { 2, 1 } };
    struct skt_key former = skt_key_number(1);
    struct skp_request request = { .method = SKP_METHOD_ENCRYPT,
                                   .tenant = skp_view_of("a"),
                                   .data = skp_view_of("plaintext") };
    struct skp_response response;
    uint8_t header[SKP_HEADER_MAX];
    uint8_t key_id[SKP_KEY_ID_LEN] = { 0 };

    set_up(skt_snapshot_of(&tenant, 1, false));
    response = answer_to(request);
    ck_assert(!skd_handler_used_key(handler, key_id));
    memcpy(header, response.data.ptr, sizeof header);
    memcpy(header + 8, former.key_id, sizeof key_id);
    request.method = SKP_METHOD_UNWRAP;
    request.data = (struct skp_view){ header, sizeof header };
    response = answer_to(request);
    skt_err(response.err, SKP_ERR_DATA_LOSS);
    ck_assert(skd_handler_used_key(handler, key_id));
    ck_assert_mem_eq(key_id, former.key_id, sizeof key_id);
    header[0] = 'X';
    response = answer_to(request);
    skt_err(response.err, SKP_ERR_INVALID_ARGUMENT);
    ck_assert(!skd_handler_used_key(handler, key_id));
    tear_down();
}
END_TEST

SKT_SUITE("handler",
          without_room_in_the_audit_log_no_private_key_is_used,
          the_key_that_was_used_is_known_also_when_the_use_failed,
          hello_is_open_to_every_caller,
          who_may_not_learns_nothing_and_wakes_nobody,
          each_method_needs_its_own_right,
          requests_about_all_tenants_need_a_rule_about_all_tenants,
          refresh_forget_and_status_go_to_the_main_loop,
          tenants_are_listed_page_by_page_each_once,
          a_last_page_that_is_full_has_no_next,
          tenants_are_listed_with_their_state)
