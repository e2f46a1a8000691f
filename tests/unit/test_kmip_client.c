/* test_kmip_client.c - one connection: what is sent, received and dropped. */
#include <string.h>

#include "agent/source/kmip/kmip_client.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"

static const struct skd_host hosts[] = { { "one.test", 1 }, { "two.test", 2 } };

/* The server refuses the message: Invalid Message, version 1.0. */
static const char refusal[] =
    "42007b0100000078"
    "42007a0100000038420069010000002042006a02000000040000000100000000"
    "42006b0200000004000000000000000042000d02000000040000000100000000"
    "42000f0100000030"
    "42007f0500000004000000010000000042007e05000000040000000400000000"
    "42007d070000000262610000000000"
    "00";

static struct skd_kmip_config good_config(void)
{
    return (struct skd_kmip_config){ .present = true,
                                     .hosts = hosts,
                                     .n_hosts = 2,
                                     .major_version = 1,
                                     .minor_version = 4,
                                     .pipeline_depth = 8,
                                     .timeout_ms = 1000 };
}

struct rig {
    struct skt_script script;
    struct skd_kmip_config config;
    struct skd_kmip_connector connector;
    struct skd_kmip_client *client;
    struct skp_diag diag;
};

static void rig_up(struct rig *rig, const struct skp_view *answers, size_t n)
{
    memset(rig, 0, sizeof *rig);
    rig->script.answers = answers;
    rig->script.n_answers = n;
    rig->config = good_config();
    rig->connector = skt_script_connector(&rig->script);
    skt_ok(skd_kmip_client_new(&rig->config, &skd_env_system, &rig->connector,
                               &rig->client, NULL));
}

static void rig_down(struct rig *rig)
{
    skd_kmip_client_free(&rig->client);
    skt_script_done(&rig->script);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static enum skp_err ask(struct rig *rig, struct skd_kmip_response *ret)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_GET,
                                                .identifier =
                                                    skp_view_of("1") };
    uint64_t deadline_ms = skd_kmip_client_now_ms(rig->client) + 1000;
    uint32_t first_id = 0;

    SKP_TRY(skd_kmip_client_connect(rig->client, &rig->diag));
    SKP_TRY(skd_kmip_client_send(rig->client, &question, 1, deadline_ms,
                                 &first_id, &rig->diag));
    return skd_kmip_client_receive(rig->client, &question, 1, first_id,
                                   deadline_ms, ret, &rig->diag);
}

START_TEST(an_answer_is_received_and_the_connection_kept)
{
    const struct skp_view answers[] = { skt_hex(refusal), skt_hex(refusal) };
    struct skd_kmip_response response;
    struct rig rig;

    rig_up(&rig, answers, 2);
    for (int i = 0; i < 2; i++) {
        skt_ok(ask(&rig, &response));
        ck_assert(response.is_refused);
        skd_kmip_client_settle(rig.client);
    }
    ck_assert_uint_eq(rig.script.n_opens, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(bytes_that_nobody_asked_for_cost_the_connection)
{
    struct skp_view twice[1];
    struct skp_secret bytes = { NULL, 0, 0 };
    struct skp_view one = skt_hex(refusal);
    struct skd_kmip_response response;
    struct rig rig;

    skt_ok(skp_secret_append(&bytes, one.ptr, one.len));
    skt_ok(skp_secret_append(&bytes, one.ptr, 3));
    twice[0] = skp_secret_view(&bytes);
    rig_up(&rig, twice, 1);
    skt_ok(ask(&rig, &response));
    skd_kmip_client_settle(rig.client);
    ck_assert_uint_eq(rig.script.n_closes, 1);
    skp_secret_done(&bytes);
    rig_down(&rig);
}
END_TEST

START_TEST(failures_have_the_words_that_operators_look_for)
{
    const struct skp_view bad = skt_hex("42007b0100000008ffffffffffffffff");
    struct skd_kmip_response response;
    struct rig rig;

    rig_up(&rig, NULL, 0);
    skt_err(ask(&rig, &response), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(rig.diag.text, "error reading kms response: the server "
                                    "closed the connection");
    rig_down(&rig);

    rig_up(&rig, NULL, 0);
    rig.script.end = SKT_SCRIPT_HANG;
    skt_err(ask(&rig, &response), SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_str_eq(rig.diag.text, "error reading kms response: timed out");
    rig_down(&rig);

    rig_up(&rig, &bad, 1);
    skt_err(ask(&rig, &response), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(rig.diag.text,
                     "error decoding kms response: malformed TTLV");
    rig_down(&rig);

    rig_up(&rig, NULL, 0);
    rig.script.die_after = 1;
    (void)!ask(&rig, &response);
    skt_err(ask(&rig, &response), SKP_ERR_UNAVAILABLE);
    skt_err(ask(&rig, &response), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(rig.diag.text, "error writing kms request: broken pipe");
    rig_down(&rig);
}
END_TEST

START_TEST(a_failed_server_is_not_tried_again_until_the_next_fetch)
{
    const struct skp_diag why = { "slow" };
    struct rig rig;

    rig_up(&rig, NULL, 0);
    skt_ok(skd_kmip_client_connect(rig.client, NULL));
    ck_assert_uint_eq(rig.script.last_host, 1);
    skd_kmip_client_drop(rig.client, &why);
    skt_ok(skd_kmip_client_connect(rig.client, NULL));
    ck_assert_uint_eq(rig.script.last_host, 2);
    skd_kmip_client_drop(rig.client, &why);
    skt_err(skd_kmip_client_connect(rig.client, &rig.diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(rig.diag.text, "kms two.test:2: slow");
    ck_assert_uint_eq(rig.script.n_opens, 2);
    skd_kmip_client_begin(rig.client, &skd_env_system);
    skt_ok(skd_kmip_client_connect(rig.client, NULL));
    ck_assert(!skd_kmip_client_is_doubtful(rig.client));
    skd_kmip_client_begin(rig.client, &skd_env_system);
    ck_assert(skd_kmip_client_is_doubtful(rig.client));
    rig_down(&rig);
}
END_TEST

START_TEST(versions_that_are_not_spoken_are_refused_at_once)
{
    static const struct {
        uint32_t major;
        uint32_t minor;
        bool negotiate;
        bool is_good;
    } rows[] = {
        { 1, 4, false, true },  { 1, 4, true, true },  { 1, 2, true, true },
        { 1, 2, false, false }, { 2, 0, true, false }, { 1, 5, true, false },
        { 2, 4, false, false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skd_kmip_config config = good_config();
        struct skd_kmip_client *client = NULL;
        struct skp_diag diag = { "" };
        enum skp_err err;

        config.major_version = rows[i].major;
        config.minor_version = rows[i].minor;
        config.negotiate = rows[i].negotiate;
        err = skd_kmip_client_new(&config, &skd_env_system,
                                  &skd_kmip_connector_tls, &client, &diag);
        ck_assert_int_eq(err == SKP_ERR_OK, rows[i].is_good);
        ck_assert_str_eq(diag.text, rows[i].is_good
                                        ? ""
                                        : "unsupported KMIP version, use 1.4");
        skd_kmip_client_free(&client);
    }
}
END_TEST

START_TEST(a_servers_words_reach_the_log_in_clean_text)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_GET };
    struct skd_kmip_answer answer = {
        .status = SKD_STATUS_FAILED,
        .reason = SKD_REASON_ITEM_NOT_FOUND,
        .message = skp_view_of("no\n\x1b[2J such\xc2\x9b"),
    };
    struct skp_diag diag = { "" };

    skd_kmip_client_explain(&question, &answer, &diag);
    ck_assert_str_eq(diag.text, "Get refused: Item Not Found (no?"
                                "?[2J such?"
                                "?)");
    answer.status = SKD_STATUS_PENDING;
    skd_kmip_client_explain(&question, &answer, &diag);
    ck_assert_str_eq(diag.text, "Get ended as pending");
}
END_TEST

SKT_SUITE("kmip_client",
          an_answer_is_received_and_the_connection_kept,
          bytes_that_nobody_asked_for_cost_the_connection,
          failures_have_the_words_that_operators_look_for,
          a_failed_server_is_not_tried_again_until_the_next_fetch,
          versions_that_are_not_spoken_are_refused_at_once,
          a_servers_words_reach_the_log_in_clean_text)
