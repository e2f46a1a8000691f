/* test_kmip_connect.c - which server is talked to, over which connection. */
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/stream_script.h"
#include "tests/lib/suite.h"

static const struct skd_host hosts[] = { { "one.test", 1 },
                                         { "two.test", 2 },
                                         { "three.test", 3 } };

struct rig {
    struct skt_clock clock;
    struct skt_fake fake;
    struct skt_script script;
    struct skd_kmip_config config;
    struct skd_kmip_connector connector;
    struct skd_kmip_client *client;
    enum skp_err result;
    char text[SKP_DIAG_MAX];
};

static void make_client(struct rig *rig)
{
    skt_ok(skd_kmip_client_new(&rig->config, &rig->clock.env, &rig->connector,
                               &rig->client, NULL));
}

static void rig_up(struct rig *rig, size_t n_hosts)
{
    memset(rig, 0, sizeof *rig);
    skt_clock_init(&rig->clock, 1000000, 1);
    rig->script.serve = skt_fake_serve;
    rig->script.serve_state = &rig->fake;
    rig->config = (struct skd_kmip_config){ .present = true,
                                            .hosts = hosts,
                                            .n_hosts = n_hosts,
                                            .major_version = 1,
                                            .minor_version = 4,
                                            .pipeline_depth = 8,
                                            .timeout_ms = 1000 };
    rig->connector = skt_script_connector(&rig->script);
    (void)skt_fake_add(&rig->fake, "10", "a", "");
    make_client(rig);
}

static void rig_down(struct rig *rig)
{
    skd_kmip_client_free(&rig->client);
    skt_script_done(&rig->script);
    ck_assert_uint_le(rig->script.n_closes, rig->script.n_opens);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static void
on_result(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct rig *rig = state;

    ck_assert_uint_eq(index, 0);
    rig->result = result->err;
    strncpy(rig->text, result->text, sizeof rig->text - 1);
}

/* One question, over whatever connection there is. */
static void ask(struct rig *rig)
{
    const struct skd_kmip_listener listener = { rig, on_result };
    const struct skd_kmip_question question = {
        .operation = SKD_OP_GET_ATTRIBUTES,
        .identifier = skp_view_of("10"),
    };

    rig->result = SKP_ERR_INTERNAL;
    skt_ok(skd_kmip_batch_ask(rig->client, &question, 1, &listener));
}

static void begin(struct rig *rig)
{
    skd_kmip_client_begin(rig->client, &rig->clock.env);
    skd_kmip_client_seek(rig->client);
}

/* A fetch of one question, @idle_ms after the last. */
static void fetch(struct rig *rig, uint64_t idle_ms)
{
    skt_clock_pass(&rig->clock, idle_ms);
    begin(rig);
    ask(rig);
}

/* The same, which must succeed at the server @port over connection number
 * @n_opens. */
static void
fetch_at(struct rig *rig, uint64_t idle_ms, size_t port, unsigned n_opens)
{
    fetch(rig, idle_ms);
    ck_assert_msg(rig->result == SKP_ERR_OK, "%s", rig->text);
    ck_assert_uint_eq(rig->script.last_host, port);
    ck_assert_uint_eq(rig->script.n_opens, n_opens);
}

/* ---- several servers ----------------------------------------------------- */

START_TEST(servers_are_tried_in_order_and_the_first_is_returned_to)
{
    struct rig rig;

    rig_up(&rig, 2);
    rig.script.refused_port = 1;
    fetch_at(&rig, 0, 2, 2);
    rig.script.refused_port = 0;
    fetch_at(&rig, 60000, 1, 3);
    ck_assert_uint_eq(rig.script.n_closes, 1); /* the second's */
    /* There, nothing is better. */
    fetch_at(&rig, 60000, 1, 3);
    rig_down(&rig);
}
END_TEST

START_TEST(a_first_server_that_stays_away_costs_one_try_a_fetch)
{
    struct rig rig;
    unsigned n_closes;

    rig_up(&rig, 2);
    rig.script.refused_port = 1;
    fetch_at(&rig, 0, 2, 2);
    n_closes = rig.script.n_closes;
    for (unsigned i = 1; i <= 5; i++) {
        skt_clock_pass(&rig.clock, 60000);
        begin(&rig);
        ask(&rig);
        ask(&rig);
        skt_ok(rig.result);
        ck_assert_uint_eq(rig.script.n_opens, 2 + i);
    }
    /* The connection that works was kept all the time. */
    ck_assert_uint_eq(rig.script.n_closes, n_closes);
    rig_down(&rig);
}
END_TEST

START_TEST(who_does_not_seek_stays_where_he_is)
{
    struct rig rig;

    rig_up(&rig, 2);
    rig.script.refused_port = 1;
    fetch_at(&rig, 0, 2, 2);
    rig.script.refused_port = 0;
    skd_kmip_client_begin(rig.client, &rig.clock.env);
    ask(&rig);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    rig_down(&rig);
}
END_TEST

START_TEST(each_server_before_the_one_in_use_has_its_turn)
{
    struct rig rig;

    rig_up(&rig, 3);
    rig.script.refuse_opens = 2;
    fetch_at(&rig, 0, 3, 3);
    rig.script.refused_port = 1;
    fetch(&rig, 1);
    ck_assert_uint_eq(rig.script.last_host, 1);
    skt_ok(rig.result);
    fetch_at(&rig, 1, 2, 5);
    fetch(&rig, 1);
    ck_assert_uint_eq(rig.script.last_host, 1);
    skt_ok(rig.result);
    rig.script.refused_port = 0;
    fetch_at(&rig, 1, 1, 7);
    rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_connects_and_does_not_answer_is_not_returned_to)
{
    struct rig rig;

    for (int kind = 0; kind < 2; kind++) {
        rig_up(&rig, 2);
        rig.script.refused_port = 1;
        fetch_at(&rig, 0, 2, 2);
        rig.script.refused_port = 0;
        /* It breaks at the first message, or refuses us. */
        rig.script.mute_port = kind == 0 ? 1 : 0;
        rig.script.stranger_port = kind == 1 ? 1 : 0;
        fetch(&rig, 1);
        skt_ok(rig.result);
        ck_assert_uint_eq(rig.script.n_opens, 3);
        ck_assert_uint_eq(rig.script.n_closes, 1);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(a_server_that_fails_in_a_fetch_is_not_sought_in_it)
{
    struct rig rig;

    rig_up(&rig, 2);
    fetch_at(&rig, 0, 1, 1);
    begin(&rig);
    ask(&rig);
    rig.script.die_after = 2;
    ask(&rig);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.last_host, 2);
    ask(&rig);
    ask(&rig);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    fetch_at(&rig, 1, 1, 3);
    rig_down(&rig);
}
END_TEST

START_TEST(a_server_that_dies_in_an_answer_is_replaced_by_the_next)
{
    for (size_t len = 1; len < 200; len += 7) {
        struct rig rig;

        rig_up(&rig, 2);
        fetch_at(&rig, 0, 1, 1);
        begin(&rig);
        ask(&rig);
        rig.script.die_after = 2;
        rig.script.die_with = len;
        ask(&rig);
        skt_ok(rig.result);
        ck_assert_uint_eq(rig.script.last_host, 2);
        rig_down(&rig);
    }
}
END_TEST

/* ---- kept connections ---------------------------------------------------- */

START_TEST(a_connection_that_shows_its_end_is_made_anew_before_it_is_used)
{
    struct rig rig;
    unsigned n_messages;

    rig_up(&rig, 1);
    fetch_at(&rig, 0, 1, 1);
    rig.script.has_closed = true;
    n_messages = rig.script.n_writes;
    fetch_at(&rig, 30000, 1, 2);
    ck_assert_uint_eq(rig.script.n_writes, n_messages + 1);
    rig_down(&rig);
}
END_TEST

START_TEST(how_long_a_server_suffers_idle_connections_is_learnt)
{
    struct rig rig;

    for (int kind = 0; kind < 2; kind++) {
        rig_up(&rig, 1);
        fetch_at(&rig, 0, 1, 1);
        fetch_at(&rig, 20000, 1, 1);
        /* Closed where it shows, and closed where it does not. */
        rig.script.has_closed = kind == 0;
        rig.script.die_after = kind == 0 ? 0 : 2;
        fetch_at(&rig, 30000, 1, 2);
        /* From now on it is not tried: no message is lost. */
        fetch_at(&rig, 30000, 1, 3);
        fetch_at(&rig, 45000, 1, 4);
        ck_assert_uint_eq(rig.script.n_writes, kind == 0 ? 5 : 6);
        /* A shorter time is no trouble. */
        fetch_at(&rig, 29999, 1, 4);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(idle_limits_are_each_servers_own)
{
    struct rig rig;

    rig_up(&rig, 2);
    fetch_at(&rig, 0, 1, 1);
    rig.script.has_closed = true;
    fetch_at(&rig, 30000, 1, 2);
    rig.script.refused_port = 1;
    fetch_at(&rig, 30000, 2, 4); /* the first is idle for too long again */
    fetch(&rig, 30000);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_closes, 2); /* the second's is kept */
    rig_down(&rig);
}
END_TEST

/* ---- TLS files ----------------------------------------------------------- */

START_TEST(with_other_tls_files_the_connection_is_replaced_by_one_that_works)
{
    struct rig rig;

    rig_up(&rig, 1);
    fetch_at(&rig, 0, 1, 1);
    begin(&rig);
    skd_kmip_client_renew(rig.client);
    ask(&rig);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_uint_eq(rig.script.n_closes, 1);
    ck_assert_str_eq(skd_kmip_client_outdated(rig.client), "");
    fetch_at(&rig, 1, 1, 2);
    rig_down(&rig);
}
END_TEST

START_TEST(tls_files_that_the_server_refuses_cost_no_working_connection)
{
    struct rig rig;

    rig_up(&rig, 1);
    fetch_at(&rig, 0, 1, 1);
    begin(&rig);
    skd_kmip_client_renew(rig.client);
    rig.script.stranger_port = 1; /* for connections made from now on */
    ask(&rig);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_opens, 2);
    ck_assert_str_eq(skd_kmip_client_outdated(rig.client),
                     "kms one.test:1: error writing kms request: "
                     "the server refuses our certificate");
    fetch(&rig, 1);
    skt_ok(rig.result);
    ck_assert_uint_eq(rig.script.n_opens, 3);
    rig.script.stranger_port = 0;
    fetch_at(&rig, 1, 1, 4);
    ck_assert_str_eq(skd_kmip_client_outdated(rig.client), "");
    fetch_at(&rig, 1, 1, 4);
    rig_down(&rig);
}
END_TEST

START_TEST(the_servers_certificate_is_the_one_seen_last)
{
    struct rig rig;

    rig_up(&rig, 1);
    ck_assert_int_eq(skd_kmip_client_server_cert(rig.client).not_after_s, 0);
    rig.script.cert.not_after_s = 77;
    fetch_at(&rig, 0, 1, 1);
    ck_assert_int_eq(skd_kmip_client_server_cert(rig.client).not_after_s, 77);
    rig.script.cert.not_after_s = 88;
    rig.script.has_closed = true;
    fetch_at(&rig, 1, 1, 2);
    ck_assert_int_eq(skd_kmip_client_server_cert(rig.client).not_after_s, 88);
    rig.script.has_closed = true;
    rig.script.refused_port = 1;
    fetch(&rig, 1);
    ck_assert_int_eq(skd_kmip_client_server_cert(rig.client).not_after_s, 88);
    rig_down(&rig);
}
END_TEST

/* ---- versions ------------------------------------------------------------ */

START_TEST(the_best_version_that_both_speak_is_spoken)
{
    for (uint32_t wanted = 0; wanted <= 4; wanted++) {
        for (uint32_t offered = 0; offered <= 4; offered++) {
            struct rig rig;

            rig_up(&rig, 1);
            skd_kmip_client_free(&rig.client);
            rig.config.negotiate = true;
            rig.config.minor_version = wanted;
            make_client(&rig);
            rig.fake.minor_max = offered;
            rig.fake.refuses_newer = true;
            fetch_at(&rig, 0, 1, 1);
            ck_assert_uint_eq(rig.fake.last_minor,
                              offered < wanted ? offered : wanted);
            /* Once per connection, not once per fetch. */
            rig.fake.n_messages = 0;
            fetch_at(&rig, 1, 1, 1);
            ck_assert_uint_eq(rig.fake.n_messages, 1);
            rig_down(&rig);
        }
    }
}
END_TEST

START_TEST(without_leave_to_negotiate_1_4_is_spoken_and_nothing_else)
{
    struct rig rig;

    rig_up(&rig, 1);
    rig.fake.minor_max = 2;
    rig.fake.refuses_newer = true;
    fetch(&rig, 0);
    ck_assert_uint_eq(rig.fake.last_minor, 4);
    ck_assert_uint_eq(rig.fake.n_messages, 1);
    skt_err(rig.result, SKP_ERR_FAILED_PRECONDITION);
    rig_down(&rig);
}
END_TEST

SKT_SUITE("kmip_connect",
          servers_are_tried_in_order_and_the_first_is_returned_to,
          a_first_server_that_stays_away_costs_one_try_a_fetch,
          who_does_not_seek_stays_where_he_is,
          each_server_before_the_one_in_use_has_its_turn,
          a_server_that_connects_and_does_not_answer_is_not_returned_to,
          a_server_that_fails_in_a_fetch_is_not_sought_in_it,
          a_server_that_dies_in_an_answer_is_replaced_by_the_next,
          a_connection_that_shows_its_end_is_made_anew_before_it_is_used,
          how_long_a_server_suffers_idle_connections_is_learnt,
          idle_limits_are_each_servers_own,
          with_other_tls_files_the_connection_is_replaced_by_one_that_works,
          tls_files_that_the_server_refuses_cost_no_working_connection,
          the_servers_certificate_is_the_one_seen_last,
          the_best_version_that_both_speak_is_spoken,
          without_leave_to_negotiate_1_4_is_spoken_and_nothing_else)
