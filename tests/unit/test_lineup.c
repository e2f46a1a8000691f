/* test_lineup.c - proves lineup.c: pubkeys that came together are answered like
 * those that came one by one, byte for byte, and only theirs are read ahead.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/serve/lineup.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

#define WIRE_MAX 65536u
#define ALL      1000u
/* Of two rounds. */
#define TWICE ((size_t)2 * SKD_LINEUP_MAX)

static struct skt_desk stage;
static uint8_t place[WIRE_MAX];
static struct skp_buf wire;

static void set_up(void)
{
    skt_desk_init(&stage);
    wire = skp_buf_over(place, sizeof place);
}

static void put(enum skp_method method, const char *tenant)
{
    static uint32_t msgid;
    const struct skp_view tenants[] = { skp_view_of("a"),
                                        skp_view_of("nobody") };
    const struct skp_request request = { .msgid = msgid++,
                                         .method = method,
                                         .tenant = skp_view_of(tenant),
                                         .data = skp_view_of("data"),
                                         .tenants = tenants,
                                         .n_tenants = 2 };

    skt_ok(skp_request_encode(&request, &wire));
}

/* @n of them, for "a" and "b" in turns. */
static void put_pubkeys(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(SKP_METHOD_PUBKEY, i % 2 == 0 ? "a" : "b");
    }
}

static struct skp_view all(void)
{
    return (struct skp_view){ wire.ptr, wire.len };
}

/* How many requests are read with the first. */
static size_t read_first(size_t n_max)
{
    struct skd_lineup *lineup = &stage.desk.lineup;
    size_t n;

    (void)skd_lineup_take(lineup, stage.connection, all(), n_max, stage.now_ms);
    n = lineup->n;
    skd_lineup_clear(lineup);
    return n;
}

/* ---- what is read -------------------------------------------------------- */

static void is_request_for(const struct skd_lined *lined, const char *tenant)
{
    ck_assert_ptr_nonnull(lined);
    ck_assert_int_eq(lined->request.method, SKP_METHOD_PUBKEY);
    skt_bytes_eq(lined->request.tenant, skp_view_of(tenant));
    ck_assert_ptr_eq(lined->found, skd_snapshot_find(stage.desk.served.snapshot,
                                                     skp_view_of(tenant)));
}

START_TEST(pubkeys_are_read_together_and_taken_one_by_one)
{
    struct skp_view rest;

    set_up();
    put_pubkeys(2);
    put(SKP_METHOD_PUBKEY, "nobody");
    put_pubkeys(TWICE - 3);
    rest = all();
    for (size_t i = 0; i < TWICE; i++) {
        const struct skd_lined *lined = skd_lineup_take(
            &stage.desk.lineup, stage.connection, rest, ALL, stage.now_ms);

        ck_assert_uint_eq(stage.desk.lineup.n, SKD_LINEUP_MAX);
        is_request_for(lined, i == 2                   ? "nobody"
                              : (i - (i > 2)) % 2 == 0 ? "a"
                                                       : "b");
        rest.ptr += lined->len;
        rest.len -= lined->len;
    }
    ck_assert_uint_eq(rest.len, 0);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(no_more_are_read_than_may_be_handled)
{
    struct skd_rate rate = { 0 };

    set_up();
    put_pubkeys(SKD_LINEUP_MAX + 1);
    ck_assert_uint_eq(read_first(1), 1);
    ck_assert_uint_eq(read_first(5), 5);
    ck_assert_uint_eq(read_first(ALL), SKD_LINEUP_MAX);
    stage.config.max_requests_per_uid = 3;
    stage.connection->rate = &rate;
    ck_assert_uint_eq(read_first(ALL), 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(skd_rate_take(&rate, 3, stage.now_ms));
    }
    ck_assert_uint_eq(read_first(ALL), 1);
    stage.connection->rate = NULL;
    skt_desk_done(&stage);
}
END_TEST

/* What @n good bytes more than @whole hold is no pubkey, or not whole. */
static void ends_at(size_t n)
{
    ck_assert_uint_eq(read_first(ALL), n);
    wire.len = 0;
}

START_TEST(other_requests_are_read_in_their_turn)
{
    static const enum skp_method others[] = { SKP_METHOD_WATCH,
                                              SKP_METHOD_ENCRYPT,
                                              SKP_METHOD_HELLO };

    set_up();
    for (size_t i = 0; i < SKP_ARRAY_LEN(others); i++) {
        put_pubkeys(3);
        put(others[i], "a");
        put_pubkeys(1);
        ends_at(3);
        put(others[i], "a");
        put_pubkeys(3);
        ends_at(1);
    }
    skt_desk_done(&stage);
}
END_TEST

START_TEST(what_is_no_right_request_or_not_whole_is_left)
{
    set_up();
    put_pubkeys(3);
    wire.len--;
    ends_at(2);
    put_pubkeys(1);
    wire.len--;
    ends_at(0);
    put_pubkeys(2);
    skt_ok(skp_buf_put(&wire, "\xc1", 1));
    ends_at(2);
    skt_ok(skp_buf_put(&wire, "\x94\x00\x01\xa1x\x91\x80", 7));
    put_pubkeys(2);
    ends_at(0);
    skt_desk_done(&stage);
}
END_TEST

/* Whoever may not ask for all cannot learn from the time which there are. */
START_TEST(only_who_may_ask_for_all_has_tenants_looked_for_early)
{
    static const char *const mine[] = { "a" };
    struct skd_access_rule rule = { .has_uid = true,
                                    .uid = 500,
                                    .tenants = mine,
                                    .n_tenants = 1,
                                    .rights = SKD_RIGHT_PUBKEY };

    set_up();
    put_pubkeys(4);
    stage.config.has_access = true;
    stage.config.access = &rule;
    stage.config.n_access = 1;
    ck_assert_uint_eq(read_first(ALL), 1);
    rule.any_tenant = true;
    ck_assert_uint_eq(read_first(ALL), 4);
    rule.rights = SKD_RIGHT_ENCRYPT;
    ck_assert_uint_eq(read_first(ALL), 1);
    rule.rights = SKD_RIGHT_PUBKEY;
    skd_snapshot_unref(&stage.desk.served.snapshot);
    ck_assert_uint_eq(read_first(ALL), 1);
    skt_desk_done(&stage);
}
END_TEST

/* ---- the same answers ---------------------------------------------------- */

static void ask_one_by_one(struct skp_buf *ret)
{
    struct skp_view rest = all();
    size_t len = 0;

    while (rest.len > 0) {
        ck_assert_int_eq(skp_frame_scan(rest, &skp_frame_request_limits, &len),
                         SKP_FRAME_WHOLE);
        skt_desk_send(&stage, (struct skp_view){ rest.ptr, len });
        skt_desk_take(&stage, ret);
        rest.ptr += len;
        rest.len -= len;
    }
}

/* Together, and in pieces that end anywhere, they are answered as one by one.
 */
static void is_answered_alike(void)
{
    static uint8_t places[2][WIRE_MAX];
    struct skp_buf alone = skp_buf_over(places[0], WIRE_MAX);
    size_t piece = wire.len;

    ask_one_by_one(&alone);
    while (piece > 0) {
        struct skp_buf together = skp_buf_over(places[1], WIRE_MAX);

        for (size_t at = 0; at < wire.len; at += piece) {
            size_t rest = wire.len - at;

            skt_desk_send(&stage,
                          (struct skp_view){ wire.ptr + at,
                                             rest < piece ? rest : piece });
            skt_desk_take(&stage, &together);
        }
        skt_bytes_eq((struct skp_view){ together.ptr, together.len },
                     (struct skp_view){ alone.ptr, alone.len });
        piece = piece / 2 - piece / 7;
    }
}

static void put_mixture(void)
{
    put_pubkeys(5);
    put(SKP_METHOD_PUBKEY, "nobody");
    put_pubkeys(TWICE);
    put(SKP_METHOD_WATCH, "");
    put_pubkeys(3);
    put(SKP_METHOD_HELLO, "");
    skt_ok(skp_buf_put(&wire, "\x94\x00\x01\xa1x\x91\x80", 7));
    put_pubkeys(20);
    put(SKP_METHOD_UNWRAP, "a"); /* refused: no header */
    put_pubkeys(1);
}

START_TEST(requests_that_come_together_are_answered_as_one_by_one)
{
    struct skd_caller *other = NULL;

    set_up();
    put_mixture();
    is_answered_alike();
    /* With another user there, turns are short. */
    skt_ok(skd_callers_enter(&stage.desk.callers, 501, &other));
    is_answered_alike();
    skd_callers_leave(&stage.desk.callers, other);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(what_was_read_is_forgotten_with_its_bytes)
{
    struct skp_response response;

    set_up();
    /* The answer to status comes from the main loop, and here never. */
    put_pubkeys(2);
    put(SKP_METHOD_STATUS, "");
    put_pubkeys(3);
    skt_desk_send(&stage, all());
    ck_assert_int_eq(stage.connection->state, SKD_CONNECTION_WAITING);
    ck_assert_uint_eq(stage.desk.lineup.n, 0);
    skt_desk_disconnect(&stage);
    skt_desk_connect(&stage);
    /* In a turn of 50 the 50th is not the last of those that fit. */
    wire.len = 0;
    put_pubkeys(200);
    skt_desk_send(&stage, all());
    for (int i = 0; i < 200; i++) {
        (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
        skt_ok(response.err);
    }
    ck_assert_uint_eq(stage.desk.lineup.n, 0);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(another_snapshot_between_two_batches_answers_the_second)
{
    static const struct skt_tenant later[] = {
        { .id = "a", .use = SKD_USE_ALL, .keys = { 3, 2 } },
        { .id = "c", .use = SKD_USE_ALL, .keys = { 9 } },
    };
    struct skp_response response;
    struct skt_key key = skt_key_number(3);

    set_up();
    put_pubkeys(4);
    skt_desk_send(&stage, all());
    for (int i = 0; i < 4; i++) {
        (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
        skt_ok(response.err);
    }
    skd_snapshot_unref(&stage.desk.served.snapshot);
    stage.desk.served.snapshot =
        skt_snapshot_of(later, SKP_ARRAY_LEN(later), false);
    skt_desk_send(&stage, all());
    for (int i = 0; i < 4; i++) {
        (void)skt_client_next(&stage.client, SKP_METHOD_PUBKEY, &response);
        if (i % 2 == 0) {
            skt_ok(response.err);
            skt_bytes_eq(response.data,
                         (struct skp_view){ key.public_key, SKP_KEY_LEN });
        } else {
            skt_err(response.err, SKP_ERR_NOT_FOUND);
        }
    }
    skt_desk_done(&stage);
}
END_TEST

SKT_SUITE("lineup",
          pubkeys_are_read_together_and_taken_one_by_one,
          no_more_are_read_than_may_be_handled,
          other_requests_are_read_in_their_turn,
          what_is_no_right_request_or_not_whole_is_left,
          only_who_may_ask_for_all_has_tenants_looked_for_early,
          requests_that_come_together_are_answered_as_one_by_one,
          what_was_read_is_forgotten_with_its_bytes,
          another_snapshot_between_two_batches_answers_the_second)
