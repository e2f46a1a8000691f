/* test_kmip_batch.c - many questions, each with one result. */
#include <stdio.h>
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"

#define N 50u

static const struct skd_host hosts[] = { { "one.test", 1 }, { "two.test", 2 } };

struct rig {
    struct skt_fake fake;
    struct skt_script script;
    struct skd_kmip_config config;
    struct skd_kmip_connector connector;
    struct skd_kmip_client *client;
    struct skd_kmip_question questions[N];
    char identifiers[N][16];
    enum skp_err results[N];
    unsigned n_results[N];
};

static void rig_up(struct rig *rig, uint32_t depth)
{
    memset(rig, 0, sizeof *rig);
    rig->script.serve = skt_fake_serve;
    rig->script.serve_state = &rig->fake;
    rig->config = (struct skd_kmip_config){ .present = true,
                                            .hosts = hosts,
                                            .n_hosts = 2,
                                            .major_version = 1,
                                            .minor_version = 4,
                                            .pipeline_depth = depth,
                                            .timeout_ms = 1000 };
    rig->connector = skt_script_connector(&rig->script);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(rig->identifiers[i], sizeof rig->identifiers[i], "%zu",
                       i);
        (void)skt_fake_add(&rig->fake, rig->identifiers[i], "x", "");
        rig->questions[i].operation = SKD_OP_GET_ATTRIBUTES;
        rig->questions[i].identifier = skp_view_of(rig->identifiers[i]);
    }
    skt_ok(skd_kmip_client_new(&rig->config, &skd_env_system, &rig->connector,
                               &rig->client, NULL));
}

static void rig_down(struct rig *rig)
{
    skd_kmip_client_free(&rig->client);
    skt_script_done(&rig->script);
}

static void
on_result(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct rig *rig = state;

    rig->n_results[index]++;
    rig->results[index] = result->err;
    ck_assert((result->err == SKP_ERR_OK) == (result->payload.ptr != NULL));
    ck_assert((result->err == SKP_ERR_OK) == (result->text[0] == '\0'));
}

static void ask(struct rig *rig)
{
    const struct skd_kmip_listener listener = { rig, on_result };

    skt_ok(skd_kmip_batch_ask(rig->client, rig->questions, N, &listener));
    for (size_t i = 0; i < N; i++) {
        ck_assert_uint_eq(rig->n_results[i], 1);
    }
}

static void check_all(const struct rig *rig, enum skp_err expected)
{
    for (size_t i = 0; i < N; i++) {
        skt_err(rig->results[i], expected);
    }
}

START_TEST(each_question_has_one_result_at_any_depth)
{
    static const uint32_t depths[] = { 0, 1, 2, 8, 1000 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(depths); i++) {
        struct rig rig;

        rig_up(&rig, depths[i]);
        ask(&rig);
        check_all(&rig, SKP_ERR_OK);
        ck_assert_uint_eq(rig.fake.n_items, N);
        ck_assert_uint_eq(rig.script.n_opens, 1);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(as_many_messages_are_in_flight_as_may_be)
{
    static const uint32_t depths[] = { 0, 1, 2, 5, 8 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(depths); i++) {
        struct rig rig;

        rig_up(&rig, depths[i]);
        rig.fake.refuses_batches = true; /* so that there are many */
        ask(&rig);
        check_all(&rig, SKP_ERR_OK);
        ck_assert_uint_eq(rig.script.most_in_flight,
                          depths[i] == 0 ? 1 : depths[i]);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(a_server_that_refuses_batches_is_asked_singly_from_then_on)
{
    struct rig rig;

    rig_up(&rig, 1);
    rig.fake.refuses_batches = true;
    ask(&rig);
    check_all(&rig, SKP_ERR_OK);
    ck_assert_uint_eq(rig.fake.n_messages, 1 + N);
    memset(rig.n_results, 0, sizeof rig.n_results);
    ask(&rig);
    check_all(&rig, SKP_ERR_OK);
    /* Over that connection no batch is refused again. */
    ck_assert_uint_eq(rig.fake.n_messages, 1 + 2 * N);
    rig_down(&rig);
}
END_TEST

START_TEST(each_question_has_one_result_wherever_the_connection_breaks)
{
    for (unsigned die_after = 1; die_after < 12; die_after++) {
        struct rig rig;

        rig_up(&rig, 3);
        rig.script.die_after = die_after;
        ask(&rig);
        check_all(&rig, SKP_ERR_OK);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(a_refused_item_is_told_from_an_unreached_one)
{
    struct rig rig;

    rig_up(&rig, 8);
    rig.fake.objects[7].is_denied = true;
    rig.fake.stops_at_failure = true;
    ask(&rig);
    skt_err(rig.results[7], SKP_ERR_FAILED_PRECONDITION);
    rig.results[7] = SKP_ERR_OK;
    check_all(&rig, SKP_ERR_OK);
    rig_down(&rig);
}
END_TEST

START_TEST(many_senseless_answers_end_the_server)
{
    struct rig rig;

    rig_up(&rig, 1);
    for (size_t i = 0; i < N; i++) {
        rig.questions[i].operation = SKD_OP_GET;
        rig.fake.objects[i].is_poison = true;
    }
    ask(&rig);
    /* A few are blamed on their questions, the rest on the servers. */
    skt_err(rig.results[0], SKP_ERR_INVALID_ARGUMENT);
    skt_err(rig.results[N - 1], SKP_ERR_UNAVAILABLE);
    ck_assert_uint_le(rig.script.n_opens, 6);
    rig_down(&rig);
}
END_TEST

START_TEST(nothing_to_ask_asks_nothing)
{
    struct rig rig;
    const struct skd_kmip_listener listener = { &rig, on_result };

    rig_up(&rig, 1);
    skt_ok(skd_kmip_batch_ask(rig.client, rig.questions, 0, &listener));
    ck_assert_uint_eq(rig.script.n_opens, 0);
    rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_batch",
          each_question_has_one_result_at_any_depth,
          as_many_messages_are_in_flight_as_may_be,
          a_server_that_refuses_batches_is_asked_singly_from_then_on,
          each_question_has_one_result_wherever_the_connection_breaks,
          a_refused_item_is_told_from_an_unreached_one,
          many_senseless_answers_end_the_server,
          nothing_to_ask_asks_nothing)
