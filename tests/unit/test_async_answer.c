/* test_async_answer.c - what the agent says, right and wrong. */
#include <string.h>

#include "libclient/async_answer.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/async_desk.h"
#include "tests/lib/suite.h"

START_TEST(an_answer_may_come_byte_by_byte)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;
    struct skp_view answer;

    (void)skt_async_desk_encrypt(desk, "in pieces", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
    answer = skt_async_desk_answer_of(&request);
    for (; answer.len > 0; answer.ptr++, answer.len--) {
        ck_assert_uint_eq(desk->done[0].calls, 0);
        skt_async_desk_say(desk, (struct skp_view){ answer.ptr, 1 });
        skt_async_desk_run(desk);
    }
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    ck_assert_str_eq(desk->done[0].data, "in pieces");
    skt_async_desk_free(&desk);
}
END_TEST

/* Ask two things, hear the first, say @bytes, and take the second question on
 * the connection that is made after it. */
static void expect_first_blamed(struct skp_view bytes, const char *text)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    (void)skt_async_desk_encrypt(desk, "blamed", SIDEKEY_NO_DEADLINE);
    (void)skt_async_desk_encrypt(desk, "innocent", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_say(desk, bytes);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_INTERNAL, text);
    ck_assert_uint_eq(desk->done[1].calls, 0);
    skt_async_desk_pass(desk, 20);
    ck_assert_uint_eq(desk->connects, 2);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    ck_assert_str_eq(desk->done[1].data, "innocent");
    skt_async_desk_free(&desk);
}

START_TEST(what_is_no_answer_ends_the_oldest_and_the_connection)
{
    const struct skp_request other = { .msgid = 99,
                                       .method = SKP_METHOD_ENCRYPT };

    expect_first_blamed(skt_hex("c1"), "the agent's answer is no MessagePack");
    expect_first_blamed(skt_hex("dd7fffffff"),
                        "the agent's answer is over a limit of the protocol");
    expect_first_blamed(skt_hex("9105"),
                        "answer of the agent: neither response nor "
                        "notification");
    expect_first_blamed(skt_async_desk_answer_of(&other),
                        "the agent answered another request");
}
END_TEST

START_TEST(an_answer_before_its_question_is_sent_is_none)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request early = { .msgid = 2, .method = SKP_METHOD_ENCRYPT };

    (void)skt_async_desk_encrypt(desk, "one", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_say(desk, skt_async_desk_answer_of(&early));
    (void)skt_async_desk_encrypt(desk, "two", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->done[1].calls, 0);
    ck_assert_uint_eq(desk->connects, 2);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    ck_assert_str_eq(desk->done[1].data, "two");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(the_agent_s_errors_come_with_their_words)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;

    (void)skt_async_desk_pubkey(desk, SIDEKEY_NO_DEADLINE);
    (void)skt_async_desk_pubkey(desk, SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    request = skt_async_desk_heard(desk, SKP_METHOD_PUBKEY);
    skt_async_desk_refuse(desk, &request, true, SKP_ERR_UNAVAILABLE, "not yet");
    skt_async_desk_run(desk);
    /* Handed to the caller at once, and the connection goes on. */
    skt_async_desk_ended(desk, 0, SIDEKEY_UNAVAILABLE, "not yet");
    ck_assert_uint_eq(desk->connects, 1);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    ck_assert_uint_eq(desk->done[1].public_key.generation, 7);
    ck_assert_uint_eq(desk->done[1].public_key.public_key[31], 0x6b);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(an_error_of_the_connection_is_the_answer_to_all)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;

    for (size_t i = 0; i < 3; i++) {
        (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    }
    skt_async_desk_run(desk);
    request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
    skt_async_desk_refuse(desk, &request, false, SKP_ERR_RESOURCE_EXHAUSTED,
                          "too many connections");
    skt_async_desk_hang_up(desk);
    skt_async_desk_run(desk);
    for (size_t i = 0; i < 3; i++) {
        skt_async_desk_ended(desk, i, SIDEKEY_RESOURCE_EXHAUSTED,
                             "too many connections");
    }
    skt_async_desk_pass(desk, 10000);
    ck_assert_uint_eq(desk->connects, 1);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_key_id_of_another_key_is_refused_and_the_connection_dropped)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request request;
    struct skp_view answer;
    uint8_t changed[512];
    uint8_t *key;

    (void)skt_async_desk_pubkey(desk, SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    request = skt_async_desk_heard(desk, SKP_METHOD_PUBKEY);
    answer = skt_async_desk_answer_of(&request);
    ck_assert_uint_lt(answer.len, sizeof changed);
    memcpy(changed, answer.ptr, answer.len);
    /* The first byte of the key itself: the key id is another one's then. */
    key = memmem(changed, answer.len, "kkkk", 4);
    ck_assert_ptr_nonnull(key);
    key[0] ^= 1;
    skt_async_desk_say(desk, (struct skp_view){ changed, answer.len });
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_INTERNAL,
                         "the agent's key id is not that of its public key");
    ck_assert_int_eq(skt_async_desk_wants(desk).fd, -1);
    skt_async_desk_free(&desk);
}
END_TEST

/* ---- watching ------------------------------------------------------------ */

static void start_watching(struct skt_async_desk *desk)
{
    static const char *const tenants[] = { "t", "u" };
    struct sidekey_async_call call;
    size_t i;

    call = skt_async_desk_call(desk, 1000, &i);
    skt_status_ok(sidekey_async_watch(desk->handle, tenants, 2, &call, NULL));
    desk->n_submitted++;
    skt_async_desk_run(desk);
    ck_assert_uint_eq(skt_async_desk_heard(desk, SKP_METHOD_WATCH).n_tenants,
                      2);
}

static void say_watched(struct skt_async_desk *desk, uint32_t msgid)
{
    const struct skp_request request = { .msgid = msgid,
                                         .method = SKP_METHOD_WATCH };

    skt_async_desk_say(desk, skt_async_desk_answer_of(&request));
    skt_async_desk_run(desk);
}

static void say_changed(struct skt_async_desk *desk, const char *tenant)
{
    static const uint8_t key_id[SKP_KEY_ID_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const struct skp_tenant_row rows[] = {
        { .id = skp_view_of("v") },
        { .id = skp_view_of(tenant), .key_id = key_id, .generation = 3 },
    };
    uint8_t bytes[512];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    skt_ok(skp_changed_encode(rows, 2, &buf));
    skt_async_desk_say(desk, (struct skp_view){ bytes, buf.len });
    skt_async_desk_run(desk);
}

START_TEST(changes_are_told_between_answers)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);

    start_watching(desk);
    say_watched(desk, 1);
    skt_async_desk_ended(desk, 0, SIDEKEY_OK, "");
    (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    skt_async_desk_run(desk);
    say_changed(desk, "t");
    ck_assert_uint_eq(desk->n_news, 2);
    ck_assert_int_eq(desk->news[1], SIDEKEY_ASYNC_CHANGED);
    ck_assert_str_eq(desk->changed_tenant, "t");
    ck_assert(desk->last_change.has_key);
    ck_assert_uint_eq(desk->last_change.key_id[7], 8);
    ck_assert_uint_eq(desk->last_change.generation, 3);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(after_a_reconnect_it_watches_again_first_and_says_so)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request again;

    start_watching(desk);
    say_watched(desk, 1);
    skt_async_desk_hang_up(desk);
    /* Without any request. */
    skt_async_desk_run(desk);
    ck_assert_uint_eq(desk->connects, 2);
    (void)skt_async_desk_encrypt(desk, "x", SIDEKEY_NO_DEADLINE);
    skt_async_desk_hang_up(desk);
    skt_async_desk_pass(desk, 20);
    again = skt_async_desk_heard(desk, SKP_METHOD_WATCH);
    ck_assert_uint_eq(again.n_tenants, 2);
    ck_assert_uint_eq(desk->n_news, 0);
    say_watched(desk, again.msgid);
    ck_assert_uint_eq(desk->n_news, 1);
    ck_assert_int_eq(desk->news[0], SIDEKEY_ASYNC_MISSED);
    skt_async_desk_answer(desk, 1);
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 1, SIDEKEY_OK, "");
    ck_assert_uint_eq(desk->n_done, 2);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_watch_that_the_agent_takes_back_ends_with_its_words)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    struct skp_request again;

    start_watching(desk);
    say_watched(desk, 1);
    skt_async_desk_hang_up(desk);
    skt_async_desk_run(desk);
    again = skt_async_desk_heard(desk, SKP_METHOD_WATCH);
    skt_async_desk_refuse(desk, &again, true, SKP_ERR_PERMISSION_DENIED,
                          "no more");
    skt_async_desk_run(desk);
    ck_assert_int_eq(desk->news[0], SIDEKEY_ASYNC_ENDED);
    skt_status(desk->last_change.status, SIDEKEY_PERMISSION_DENIED);
    skt_async_desk_hang_up(desk);
    skt_async_desk_pass(desk, 10000);
    ck_assert_uint_eq(desk->connects, 2);
    skt_async_desk_free(&desk);
}
END_TEST

START_TEST(a_refused_watch_is_not_kept)
{
    struct skt_async_desk *desk = skt_async_desk_new(0, 0);
    const struct skp_request first = { .msgid = 1 };

    start_watching(desk);
    skt_async_desk_refuse(desk, &first, true, SKP_ERR_PERMISSION_DENIED, "no");
    skt_async_desk_run(desk);
    skt_async_desk_ended(desk, 0, SIDEKEY_PERMISSION_DENIED, "no");
    skt_async_desk_hang_up(desk);
    skt_async_desk_pass(desk, 10000);
    ck_assert_uint_eq(desk->connects, 1);
    skt_async_desk_free(&desk);
}
END_TEST

/* Every bit of an answer, flipped: whatever the handle makes of it, the request
 * ends once, and never with data that was not there. */
START_TEST(no_flipped_bit_breaks_the_handle)
{
    size_t n_bits = 8;

    for (size_t bit = 0; bit < n_bits; bit++) {
        struct skt_async_desk *desk = skt_async_desk_new(0, 0);
        struct skp_request request;
        struct skp_view answer;
        uint8_t changed[256];

        (void)skt_async_desk_encrypt(desk, "flipped", 1000);
        skt_async_desk_run(desk);
        request = skt_async_desk_heard(desk, SKP_METHOD_ENCRYPT);
        answer = skt_async_desk_answer_of(&request);
        ck_assert_uint_lt(answer.len, sizeof changed);
        memcpy(changed, answer.ptr, answer.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        n_bits = 8 * answer.len;
        skt_async_desk_say(desk, (struct skp_view){ changed, answer.len });
        skt_async_desk_run(desk);
        skt_async_desk_pass(desk, 2000);
        ck_assert_uint_eq(desk->done[0].calls, 1);
        ck_assert_uint_le(desk->done[0].len, answer.len);
        skt_async_desk_free(&desk);
    }
    ck_assert_uint_gt(n_bits, 200);
}
END_TEST

SKT_SUITE("async_answer",
          an_answer_may_come_byte_by_byte,
          what_is_no_answer_ends_the_oldest_and_the_connection,
          an_answer_before_its_question_is_sent_is_none,
          the_agent_s_errors_come_with_their_words,
          an_error_of_the_connection_is_the_answer_to_all,
          a_key_id_of_another_key_is_refused_and_the_connection_dropped,
          changes_are_told_between_answers,
          after_a_reconnect_it_watches_again_first_and_says_so,
          a_watch_that_the_agent_takes_back_ends_with_its_words,
          a_refused_watch_is_not_kept,
          no_flipped_bit_breaks_the_handle)
