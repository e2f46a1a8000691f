/* test_lookahead.c - proves lookahead.c: requests that came together are
 * answered like those that came one by one, byte for byte, and only what will
 * use a key is multiplied ahead.
 */
#include <string.h>
#include <sys/socket.h>

#include "agent/serve/lookahead.h"
#include "protocol/x25519_batch.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

#define WIRE_MAX 16384u

static struct skt_desk stage;
static uint8_t next_byte;

/* The same from one start to the next, so that answers can be compared. */
static enum skp_err count_up(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    for (size_t i = 0; i < len; i++) {
        buf[i] = next_byte++;
    }
    return SKP_ERR_OK;
}

/* "a" has key 2 and a former one, 9; "b" may only decrypt, with key 9; "c" has
 * none and "old" was not confirmed for too long; "d" the peer may not ask for.
 */
static struct skd_snapshot *make_snapshot(unsigned current)
{
    const struct skt_tenant tenants[] = {
        { .id = "a",
          .use = SKD_USE_ALL,
          .keys = { current, 9 },
          .confirmed_ms = 1000 },
        { .id = "b",
          .use = SKD_USE_DECRYPT_ONLY,
          .keys = { 9 },
          .confirmed_ms = 1000 },
        { .id = "c", .use = SKD_USE_NONE, .reason = "why" },
        { .id = "d", .use = SKD_USE_ALL, .keys = { 9 }, .confirmed_ms = 1000 },
        { .id = "old", .use = SKD_USE_ALL, .keys = { 9 }, .confirmed_ms = 1 },
    };

    return skt_snapshot_of(tenants, SKP_ARRAY_LEN(tenants), false);
}

static void set_up(void)
{
    static const char *const mine[] = { "a", "b", "c", "old", "nobody" };
    static const struct skd_access_rule rule = {
        .has_uid = true,
        .uid = 500,
        .tenants = mine,
        .n_tenants = SKP_ARRAY_LEN(mine),
        .rights = SKD_RIGHT_ALL,
    };

    skt_desk_init(&stage);
    next_byte = 0;
    stage.env.random = (struct skp_random){ .fill = count_up };
    stage.config.has_access = true;
    stage.config.access = &rule;
    stage.config.n_access = 1;
    stage.config.max_stale_ms = 500;
    stage.config.max_payload = 64;
    skd_snapshot_unref(&stage.desk.served.snapshot);
    stage.desk.served.snapshot = make_snapshot(2);
}

/* ---- requests ------------------------------------------------------------ */

struct sample {
    enum skp_method method;
    const char *tenant;
    enum skp_suite suite;
    bool raw;
    unsigned key;    /* that the header is sealed for */
    unsigned damage; /* 1 + index of a header byte to invert */
    bool is_low;     /* the ephemeral key is of low order */
    size_t extra;    /* bytes after the header */
    bool uses_key;
};

#define SUITE_1 SKP_SUITE_X25519_AES256CTR
#define SUITE_2 SKP_SUITE_X25519_HPKE_AES256GCM

static const struct sample samples[] = {
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 0, false, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_1, false, 2, 0, false, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_1, true, 2, 0, false, 0, true },
    { SKP_METHOD_PUBKEY, "a", SUITE_2, false, 2, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 9, 0, false, 0, true },
    { SKP_METHOD_DECRYPT, "a", SUITE_1, false, 9, 0, false, 40, true },
    { SKP_METHOD_DECRYPT, "a", SUITE_2, false, 2, 0, false, 40, true },
    { SKP_METHOD_DECRYPT, "a", SUITE_1, false, 2, 0, false, 65, false },
    { SKP_METHOD_REWRAP, "a", SUITE_2, false, 9, 0, false, 3, true },
    { SKP_METHOD_REWRAP, "a", SUITE_1, false, 9, 0, false, 0, false },
    { SKP_METHOD_REWRAP, "b", SUITE_2, false, 9, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "b", SUITE_2, false, 9, 0, false, 0, true },
    { SKP_METHOD_UNWRAP, "b", SUITE_2, false, 2, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "c", SUITE_2, false, 2, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "d", SUITE_2, false, 9, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "old", SUITE_2, false, 9, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "nobody", SUITE_2, false, 9, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 1, false, 0, false },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 9, false, 0, false },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 20, false, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 96, false, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 0, true, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_1, false, 2, 0, true, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_1, true, 2, 0, true, 0, true },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 0, false, 1, false },
    { SKP_METHOD_HELLO, "", SUITE_2, false, 2, 0, false, 0, false },
    { SKP_METHOD_ENCRYPT, "a", SUITE_2, false, 2, 0, false, 0, false },
    { SKP_METHOD_UNWRAP, "a", SUITE_2, false, 2, 0, false, 0, true },
};

static size_t make_header(const struct sample *sample, uint8_t *place)
{
    struct skt_key key = skt_key_number(sample->key);
    struct skp_recipient recipient = { skp_view_of(sample->tenant),
                                       key.public_key, key.key_id };
    struct skp_crypto *crypto = NULL;
    uint8_t data_key[SKP_KEY_LEN];
    size_t len = 0;

    skt_ok(skp_crypto_new(&stage.env.random, &crypto));
    skt_ok(skp_header_seal(crypto, sample->suite, sample->raw, &recipient,
                           data_key, place, &len));
    skp_crypto_free(&crypto);
    if (sample->damage > 0) {
        place[sample->damage - 1] ^= 0xffu;
    }
    if (sample->is_low) {
        memset(place + (sample->raw ? 0 : SKP_PREFIX_LEN), 0, SKP_KEY_LEN);
    }
    return len;
}

static void
put_sample(const struct sample *sample, uint32_t msgid, struct skp_buf *ret)
{
    uint8_t data[256] = { 0 };
    size_t len = make_header(sample, data) + sample->extra;
    bool has_data = sample->method != SKP_METHOD_PUBKEY &&
                    sample->method != SKP_METHOD_HELLO;
    const struct skp_request request = {
        .msgid = msgid,
        .method = sample->method,
        .tenant = skp_view_of(sample->tenant),
        .data = { data, has_data ? len : 0 },
        .raw = has_data && sample->raw,
    };

    skt_ok(skp_request_encode(&request, ret));
}

/* All samples, twice, as they travel. */
static void put_all(struct skp_buf *ret)
{
    for (uint32_t i = 0; i < 2 * SKP_ARRAY_LEN(samples); i++) {
        put_sample(&samples[i % SKP_ARRAY_LEN(samples)], i, ret);
    }
    /* A method that is none is answered in between. */
    skt_ok(skp_buf_put(ret, "\x94\x00\x01\xa1x\x91\x80", 7));
    put_sample(&samples[0], 1000, ret);
}

static size_t count_ahead(void)
{
    return skp_ahead_count(skd_handler_ahead(stage.desk.handler));
}

static bool has_lanes(void)
{
    return skp_x25519_batch_least() < SKP_AHEAD_MAX;
}

/* ---- the same answers ---------------------------------------------------- */

static void ask_one_by_one(struct skp_view wire, struct skp_buf *ret)
{
    size_t len = 0;

    next_byte = 0;
    while (wire.len > 0) {
        ck_assert_int_eq(skp_frame_scan(wire, &skp_frame_request_limits, &len),
                         SKP_FRAME_WHOLE);
        skt_desk_send(&stage, (struct skp_view){ wire.ptr, len });
        skt_desk_take(&stage, ret);
        wire.ptr += len;
        wire.len -= len;
    }
}

static void ask_together(struct skp_view wire, struct skp_buf *ret)
{
    next_byte = 0;
    skt_desk_send(&stage, wire);
    skt_desk_take(&stage, ret);
}

START_TEST(requests_that_come_together_are_answered_as_one_by_one)
{
    static uint8_t places[3][WIRE_MAX];
    struct skp_buf wire = skp_buf_over(places[0], WIRE_MAX);
    struct skp_buf alone = skp_buf_over(places[1], WIRE_MAX);
    struct skp_view all;

    set_up();
    put_all(&wire);
    all = (struct skp_view){ wire.ptr, wire.len };
    ask_one_by_one(all, &alone);
    for (int i = 0; i < 3; i++) {
        struct skp_buf together = skp_buf_over(places[2], WIRE_MAX);

        ask_together(all, &together);
        skt_bytes_eq((struct skp_view){ together.ptr, together.len },
                     (struct skp_view){ alone.ptr, alone.len });
        ck_assert_uint_eq(count_ahead(), 0);
    }
    skt_desk_done(&stage);
}
END_TEST

START_TEST(another_snapshot_between_two_batches_answers_the_second)
{
    static uint8_t places[3][WIRE_MAX];
    struct skp_buf wire = skp_buf_over(places[0], WIRE_MAX);
    struct skp_buf alone = skp_buf_over(places[1], WIRE_MAX);
    struct skp_buf together = skp_buf_over(places[2], WIRE_MAX);
    struct skp_view all;
    struct skp_buf before = together;

    set_up();
    put_all(&wire);
    all = (struct skp_view){ wire.ptr, wire.len };
    ask_together(all, &before);
    skd_snapshot_unref(&stage.desk.served.snapshot);
    stage.desk.served.snapshot = make_snapshot(3);
    ask_one_by_one(all, &alone);
    ask_together(all, &together);
    skt_bytes_eq((struct skp_view){ together.ptr, together.len },
                 (struct skp_view){ alone.ptr, alone.len });
    skt_desk_done(&stage);
}
END_TEST

/* ---- what is looked at --------------------------------------------------- */

/* What a look at @wire adds; the connection has used keys before. */
static size_t look(struct skp_view wire, unsigned budget)
{
    struct skd_lookahead lookahead = { 0 };
    size_t n;

    stage.connection->uses_keys = true;
    skd_lookahead_step(&lookahead, stage.connection, wire, budget,
                       stage.now_ms);
    n = count_ahead();
    skd_lookahead_end(&stage.desk);
    ck_assert_uint_eq(count_ahead(), 0);
    ck_assert_uint_eq(stage.n_wants, 0);
    return n;
}

/* @n good requests, then @sample if there is one. */
static size_t look_at(size_t n, const struct sample *sample, unsigned budget)
{
    static uint8_t place[WIRE_MAX];
    struct skp_buf wire = skp_buf_over(place, sizeof place);

    for (uint32_t i = 0; i < n; i++) {
        put_sample(&samples[0], i, &wire);
    }
    if (sample != NULL) {
        put_sample(sample, 99, &wire);
    }
    return look((struct skp_view){ wire.ptr, wire.len }, budget);
}

START_TEST(only_what_will_use_a_key_is_multiplied_ahead)
{
    set_up();
    skt_ok(skd_demand_new(&stage.desk.served.demand));
    for (size_t i = 0; i < SKP_ARRAY_LEN(samples) && has_lanes(); i++) {
        ck_assert_msg(look_at(3, &samples[i], SKD_TURN_ALONE) ==
                          (samples[i].uses_key ? 4 : 3),
                      "sample %zu", i);
    }
    stage.desk.served.may_not_use_keys = true;
    ck_assert_uint_eq(look_at(4, NULL, SKD_TURN_ALONE), 0);
    skd_demand_free(&stage.desk.served.demand);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(too_few_to_gain_from_are_left_alone)
{
    set_up();
    ck_assert_uint_eq(look_at(1, NULL, SKD_TURN_ALONE), 0);
    ck_assert_uint_eq(look_at(1, &samples[3], SKD_TURN_ALONE), 0);
    ck_assert_uint_eq(look_at(2, NULL, SKD_TURN_ALONE), has_lanes() ? 2 : 0);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(no_turn_is_looked_beyond)
{
    set_up();
    ck_assert_uint_eq(look_at(30, NULL, SKD_TURN_ALONE), has_lanes() ? 20 : 0);
    ck_assert_uint_eq(look_at(30, NULL, 200), has_lanes() ? 4 : 0);
    ck_assert_uint_eq(look_at(30, NULL, SKD_TURN_SHARED), 0);
    skt_desk_done(&stage);
}
END_TEST

START_TEST(no_more_is_looked_at_than_the_user_may_still_ask)
{
    struct skd_rate rate = { 0 };

    set_up();
    stage.config.max_requests_per_uid = 5;
    stage.connection->rate = &rate;
    ck_assert_uint_eq(look_at(9, NULL, SKD_TURN_ALONE), has_lanes() ? 5 : 0);
    ck_assert(skd_rate_take(&rate, 5, stage.now_ms));
    ck_assert_uint_eq(look_at(9, NULL, SKD_TURN_ALONE), has_lanes() ? 4 : 0);
    for (int i = 0; i < 3; i++) {
        ck_assert(skd_rate_take(&rate, 5, stage.now_ms));
    }
    ck_assert_uint_eq(look_at(9, NULL, SKD_TURN_ALONE), 0);
    stage.connection->rate = NULL;
    skt_desk_done(&stage);
}
END_TEST

START_TEST(what_waits_for_the_main_loop_or_cannot_be_read_ends_the_look)
{

    static uint8_t place[WIRE_MAX];
    struct skp_buf wire = skp_buf_over(place, sizeof place);
    size_t whole;

    set_up();
    for (uint32_t i = 0; i < 3; i++) {
        put_sample(&samples[0], i, &wire);
    }
    whole = wire.len;
    {
        const struct skp_request request = { .msgid = 3,
                                             .method = SKP_METHOD_STATUS };

        skt_ok(skp_request_encode(&request, &wire));
    }
    put_sample(&samples[0], 4, &wire);

    ck_assert_uint_eq(
        look((struct skp_view){ wire.ptr, wire.len }, SKD_TURN_ALONE),
        has_lanes() ? 3 : 0);
    wire.ptr[whole] = 0xc1;
    ck_assert_uint_eq(
        look((struct skp_view){ wire.ptr, wire.len }, SKD_TURN_ALONE),
        has_lanes() ? 3 : 0);
    ck_assert_uint_eq(
        look((struct skp_view){ wire.ptr, whole - 1 }, SKD_TURN_ALONE),
        has_lanes() ? 2 : 0);
    skt_desk_done(&stage);
}
END_TEST

/* ---- when ---------------------------------------------------------------- */

START_TEST(who_uses_no_keys_is_not_looked_at)
{
    static uint8_t place[WIRE_MAX];
    struct skp_buf wire = skp_buf_over(place, sizeof place);
    struct skd_lookahead lookahead = { 0 };
    struct skp_view all;

    set_up();
    for (uint32_t i = 0; i < 4; i++) {
        put_sample(&samples[0], i, &wire);
    }
    all = (struct skp_view){ wire.ptr, wire.len };
    skd_lookahead_step(&lookahead, stage.connection, all, SKD_TURN_ALONE,
                       stage.now_ms);
    ck_assert_uint_eq(count_ahead(), 0);
    skt_desk_send(&stage, all);
    ck_assert(stage.connection->uses_keys);
    (void)look_at(0, &samples[3], SKD_TURN_ALONE);
    ck_assert(stage.connection->uses_keys); /* one message tells nothing */
    wire.len = 0;
    for (uint32_t i = 0; i < 4; i++) {
        put_sample(&samples[3], i, &wire);
    }
    (void)look((struct skp_view){ wire.ptr, wire.len }, SKD_TURN_ALONE);
    ck_assert(stage.connection->uses_keys == !has_lanes());
    skt_desk_done(&stage);
}
END_TEST

START_TEST(each_message_is_looked_at_once)
{
    static uint8_t place[WIRE_MAX];
    struct skp_buf wire = skp_buf_over(place, sizeof place);
    struct skd_lookahead lookahead = { 0 };
    struct skp_view all;

    set_up();
    for (uint32_t i = 0; i < 6; i++) {
        put_sample(&samples[0], i, &wire);
    }
    all = (struct skp_view){ wire.ptr, wire.len };
    stage.connection->uses_keys = true;
    for (int i = 0; i < 6 && has_lanes(); i++) {
        skd_lookahead_step(&lookahead, stage.connection, all, SKD_TURN_ALONE,
                           stage.now_ms);
        ck_assert_uint_eq(lookahead.n_left, 5 - (size_t)i);
    }
    skd_lookahead_end(&stage.desk);
    skt_desk_done(&stage);
}
END_TEST

SKT_SUITE("lookahead",
          requests_that_come_together_are_answered_as_one_by_one,
          another_snapshot_between_two_batches_answers_the_second,
          only_what_will_use_a_key_is_multiplied_ahead,
          too_few_to_gain_from_are_left_alone,
          no_turn_is_looked_beyond,
          no_more_is_looked_at_than_the_user_may_still_ask,
          what_waits_for_the_main_loop_or_cannot_be_read_ends_the_look,
          who_uses_no_keys_is_not_looked_at,
          each_message_is_looked_at_once)
