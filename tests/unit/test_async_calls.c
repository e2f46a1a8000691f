/* test_async_calls.c - a public call becomes the right message. */
#include <string.h>

#include "libclient/async.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/async_desk.h"
#include "tests/lib/suite.h"

static const uint8_t bytes[120] = "SKE1\2";

/* What the agent hears of the one request that is open. */
static struct skp_request hear(struct skt_async_desk *desk,
                               enum skp_method method)
{
    desk->n_submitted++;
    skt_async_desk_run(desk);
    return skt_async_desk_heard(desk, method);
}

static void answer(struct skt_async_desk *desk,
                   const struct skp_request *request)
{
    skt_async_desk_say(desk, skt_async_desk_answer_of(request));
    skt_async_desk_run(desk);
}

START_TEST(encrypt_and_decrypt_name_suite_2_unless_told_otherwise)
{
    static const struct {
        struct sidekey_options options;
        enum skp_suite encrypt;
        enum skp_suite decrypt;
    } cases[] = {
        { { .raw = false },
          SKP_SUITE_X25519_HPKE_AES256GCM,
          SKP_SUITE_X25519_HPKE_AES256GCM },
        { { .raw = true },
          SKP_SUITE_X25519_AES256CTR,
          SKP_SUITE_X25519_AES256CTR },
        { { .any_suite = true },
          SKP_SUITE_X25519_HPKE_AES256GCM,
          SKP_SUITE_ANY },
    };
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_call call;
    struct skp_request request;
    size_t i;

    for (size_t k = 0; k < SKP_ARRAY_LEN(cases); k++) {
        call = skt_async_desk_call(desk, 1000, &i);
        skt_status_ok(sidekey_async_encrypt(desk->handle, "t", bytes, 7,
                                            &cases[k].options, &call, NULL));
        request = hear(desk, SKP_METHOD_ENCRYPT);
        ck_assert_int_eq((int)request.suite, (int)cases[k].encrypt);
        ck_assert_int_eq(request.raw, cases[k].options.raw);
        answer(desk, &request);

        call = skt_async_desk_call(desk, 1000, &i);
        skt_status_ok(sidekey_async_decrypt(desk->handle, "t", bytes, 7,
                                            &cases[k].options, &call, NULL));
        request = hear(desk, SKP_METHOD_DECRYPT);
        ck_assert_int_eq((int)request.suite, (int)cases[k].decrypt);
        answer(desk, &request);
        skt_async_desk_ended(desk, i, SIDEKEY_OK, "");
        ck_assert_uint_eq(desk->done[i].len, 7);
        ck_assert(desk->done[i].authenticated);
    }
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(unwrap_sends_the_header_without_payload_and_aad)
{
    const struct sidekey_options options = { .aad = bytes, .aad_len = 3 };
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_call call;
    struct skp_request request;
    uint64_t ticket = 0;
    size_t i;

    call = skt_async_desk_call(desk, 1000, &i);
    skt_status_ok(sidekey_async_unwrap(desk->handle, "t", bytes, sizeof bytes,
                                       &options, &call, &ticket));
    request = hear(desk, SKP_METHOD_UNWRAP);
    ck_assert_uint_eq(request.data.len, SKP_HEADER_2_LEN);
    ck_assert_uint_eq(request.aad.len, 0);
    answer(desk, &request);
    skt_async_desk_ended(desk, i, SIDEKEY_OK, "");
    ck_assert_uint_eq(desk->done[i].ticket, ticket);
    ck_assert_uint_ne(ticket, 0);
    ck_assert_uint_eq(desk->done[i].data_key.key[31], 0x6b);
    ck_assert_int_eq((int)desk->done[i].data_key.suite,
                     SIDEKEY_SUITE_X25519_HPKE_AES256GCM);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(rewrap_sends_the_header_and_gives_one)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_call call;
    struct skp_request request;
    size_t i;

    call = skt_async_desk_call(desk, 1000, &i);
    skt_status_ok(sidekey_async_rewrap(desk->handle, "t", bytes, sizeof bytes,
                                       &call, NULL));
    request = hear(desk, SKP_METHOD_REWRAP);
    ck_assert_uint_eq(request.data.len, SKP_HEADER_2_LEN);
    answer(desk, &request);
    skt_async_desk_ended(desk, i, SIDEKEY_OK, "");
    ck_assert_uint_eq(desk->done[i].len, SIDEKEY_HEADER_MAX);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(what_is_given_may_be_released_after_the_call)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_call call;
    struct skp_request request;
    char tenant[] = "tenant";
    uint8_t plaintext[] = "plaintext";
    size_t i;

    call = skt_async_desk_call(desk, 1000, &i);
    skt_status_ok(sidekey_async_encrypt(desk->handle, tenant, plaintext, 9,
                                        NULL, &call, NULL));
    memset(tenant, '!', 6);
    memset(plaintext, '!', 9);
    request = hear(desk, SKP_METHOD_ENCRYPT);
    ck_assert(skp_view_equal(request.tenant, skp_view_of("tenant")));
    ck_assert(skp_view_equal(request.data, skp_view_of("plaintext")));
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(watch_names_its_tenants_or_none)
{
    static const char *ids[1025];
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct sidekey_async_call call;
    struct skp_request request;
    size_t i;

    for (size_t k = 0; k < SKP_ARRAY_LEN(ids); k++) {
        ids[k] = "67f1adf3-08e5-4eea-94e3-e611f263c87b-and-more-characters";
    }
    call = skt_async_desk_call(desk, 1000, &i);
    skt_status(sidekey_async_watch(desk->handle, ids, 1025, &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    ids[1023] = NULL;
    skt_status(sidekey_async_watch(desk->handle, ids, 1024, &call, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    ids[1023] = "last";
    skt_status_ok(sidekey_async_watch(desk->handle, ids, 1024, &call, NULL));
    request = hear(desk, SKP_METHOD_WATCH);
    ck_assert_uint_eq(request.n_tenants, 1024);
    ck_assert(skp_view_equal(request.tenants[1023], skp_view_of("last")));
    answer(desk, &request);
    call = skt_async_desk_call(desk, 1000, &i);
    skt_status_ok(sidekey_async_watch(desk->handle, NULL, 0, &call, NULL));
    request = hear(desk, SKP_METHOD_WATCH);
    ck_assert_uint_eq(request.n_tenants, 0);
    skt_async_desk_free(&desk);
}
END_TEST

SKT_SUITE("async_calls",
          encrypt_and_decrypt_name_suite_2_unless_told_otherwise,
          unwrap_sends_the_header_without_payload_and_aad,
          rewrap_sends_the_header_and_gives_one,
          what_is_given_may_be_released_after_the_call,
          watch_names_its_tenants_or_none)
