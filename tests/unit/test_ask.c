/* test_ask.c - proves ask.c. */
#include <stdlib.h>
#include <string.h>

#include "agent/serve/ask.h"
#include "tests/lib/suite.h"

static struct skd_ask *new_ask(enum skp_method method)
{
    char tenant[] = "some-tenant";
    struct skp_request request = { .msgid = 77,
                                   .method = method,
                                   .accept_removals = true,
                                   .tenant = skp_view_of(tenant) };
    struct skd_ask *ask = NULL;

    skt_ok(skd_ask_new(&request, 3, 1234567890123, &ask));
    memset(tenant, 'x', sizeof tenant);
    return ask;
}

static struct skp_response decoded(const struct skd_ask *ask,
                                   enum skp_method asked)
{
    enum skp_message kind = SKP_MESSAGE_CHANGED;
    struct skp_scratch *scratch = NULL;
    struct skp_response response;
    struct skp_diag diag;

    skt_ok(skp_scratch_new(&scratch));
    skt_ok(skp_response_decode(
        scratch, (struct skp_view){ ask->answer, ask->answer_len }, asked,
        &kind, &response, &diag));
    ck_assert_int_eq(kind, SKP_MESSAGE_RESPONSE);
    skp_scratch_free(&scratch);
    return response;
}

START_TEST(an_ask_copies_what_it_needs_of_the_request)
{
    struct skd_ask *ask = new_ask(SKP_METHOD_FORGET);

    ck_assert_int_eq(ask->mail.kind, SKD_MAIL_ASK);
    ck_assert_int_eq(ask->method, SKP_METHOD_FORGET);
    ck_assert_uint_eq(ask->worker, 3);
    ck_assert_uint_eq(ask->connection, 1234567890123);
    ck_assert(ask->accept_removals);
    ck_assert_uint_eq(ask->tenant_len, 11);
    ck_assert_int_eq(strncmp(ask->tenant, "some-tenant", 11), 0);
    skd_ask_free(&ask);
    ck_assert_ptr_null(ask);
    skd_ask_free(&ask);
}
END_TEST

START_TEST(an_answer_goes_under_the_msgid_and_method_of_its_ask)
{
    struct skd_ask *ask = new_ask(SKP_METHOD_REFRESH);
    const struct skp_response answer = { .err = SKP_ERR_UNAVAILABLE,
                                         .text = skp_view_of("no source") };
    struct skp_response response;

    skt_ok(skd_ask_encode(ask, &answer));
    response = decoded(ask, SKP_METHOD_REFRESH);
    ck_assert(response.has_msgid);
    ck_assert_uint_eq(response.msgid, 77);
    skt_err(response.err, SKP_ERR_UNAVAILABLE);
    skd_ask_free(&ask);
}
END_TEST

START_TEST(an_answer_that_is_too_large_becomes_an_internal_error)
{
    struct skd_ask *ask = new_ask(SKP_METHOD_STATUS);
    struct skp_status status = { .pid = 1 };
    const struct skp_response answer = { .err = SKP_ERR_OK, .status = &status };
    struct skp_response response;
    size_t len = SKP_MESSAGE_MAX;
    uint8_t *text = calloc(1, len);

    ck_assert_ptr_nonnull(text);
    status.mode = (struct skp_view){ text, len };
    skt_ok(skd_ask_encode(ask, &answer));
    response = decoded(ask, SKP_METHOD_STATUS);
    ck_assert_uint_eq(response.msgid, 77);
    skt_err(response.err, SKP_ERR_INTERNAL);
    free(text);
    skd_ask_free(&ask);
}
END_TEST

SKT_SUITE("ask",
          an_ask_copies_what_it_needs_of_the_request,
          an_answer_goes_under_the_msgid_and_method_of_its_ask,
          an_answer_that_is_too_large_becomes_an_internal_error)
