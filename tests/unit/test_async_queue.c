/* test_async_queue.c - open requests and their bytes. */
#include <stdio.h>
#include <string.h>

#include "libclient/async_queue.h"
#include "tests/lib/suite.h"

static void push(struct skc_async_queue *queue, uint32_t msgid)
{
    char text[32];
    int len = snprintf(text, sizeof text, "secret %u", msgid);
    const struct skp_request message = { .msgid = msgid,
                                         .method = SKP_METHOD_ENCRYPT,
                                         .tenant = skp_view_of("t"),
                                         .data = { (const uint8_t *)text,
                                                   (size_t)len } };
    const struct skc_async_request request = { .ticket = msgid,
                                               .msgid = msgid,
                                               .method = SKP_METHOD_ENCRYPT };
    struct skp_diag diag = { "" };

    skt_ok(skc_async_queue_push(queue, &request, &message, &diag));
}

static bool holds(const struct skc_async_queue *queue, const char *text)
{
    return queue->bytes.cap > 0 && memmem(queue->bytes.bytes, queue->bytes.cap,
                                          text, strlen(text)) != NULL;
}

START_TEST(what_leaves_the_queue_is_wiped)
{
    struct skc_async_queue queue;
    struct skc_async_request gone;

    skt_ok(skc_async_queue_init(&queue, 10, 65536));
    for (uint32_t i = 1; i <= 4; i++) {
        push(&queue, i);
    }
    skc_async_queue_take(&queue, 0, &gone);
    ck_assert_uint_eq(gone.msgid, 1);
    ck_assert(!holds(&queue, "secret 1"));
    skc_async_queue_take(&queue, 1, &gone);
    ck_assert_uint_eq(gone.msgid, 3);
    ck_assert(!holds(&queue, "secret 3"));
    ck_assert(holds(&queue, "secret 2") && holds(&queue, "secret 4"));
    skc_async_queue_note_sent(&queue, skc_async_queue_at(&queue, 0)->len);
    skc_async_queue_forget(&queue, 0);
    ck_assert(!holds(&queue, "secret 2"));
    skc_async_queue_take(&queue, 0, &gone);
    ck_assert_uint_eq(gone.msgid, 2);
    skc_async_queue_take(&queue, 0, &gone);
    ck_assert_uint_eq(gone.msgid, 4);
    ck_assert(!holds(&queue, "secret"));
    ck_assert_uint_eq(queue.count, 0);
    skc_async_queue_done(&queue);
    ck_assert_uint_eq(skp_secret_held(), 0);
}
END_TEST

START_TEST(what_was_sent_is_counted_over_requests)
{
    struct skc_async_queue queue;
    struct skc_async_request gone;
    size_t len;
    size_t all;

    skt_ok(skc_async_queue_init(&queue, 10, 65536));
    ck_assert_uint_eq(skc_async_queue_unsent(&queue).len, 0);
    push(&queue, 1);
    push(&queue, 2);
    push(&queue, 3);
    len = skc_async_queue_at(&queue, 0)->len;
    all = skc_async_queue_unsent(&queue).len;
    ck_assert_uint_eq(all, 3 * len);
    ck_assert_uint_eq(skc_async_queue_count_sent(&queue), 0);
    skc_async_queue_note_sent(&queue, len + 1);
    ck_assert_uint_eq(skc_async_queue_count_sent(&queue), 2);
    ck_assert_uint_eq(skc_async_queue_sent_of(&queue, 0), len);
    ck_assert_uint_eq(skc_async_queue_sent_of(&queue, 1), 1);
    ck_assert_uint_eq(skc_async_queue_sent_of(&queue, 2), 0);
    skc_async_queue_take(&queue, 2, &gone);
    skc_async_queue_take(&queue, 0, &gone);
    ck_assert_uint_eq(skc_async_queue_sent_of(&queue, 0), 1);
    ck_assert_uint_eq(skc_async_queue_unsent(&queue).len, len - 1);
    skc_async_queue_rewind(&queue);
    skt_bytes_eq(skc_async_queue_unsent(&queue),
                 skc_async_queue_oldest(&queue));
    skc_async_queue_done(&queue);
}
END_TEST

START_TEST(one_more_goes_to_the_front_of_a_full_queue)
{
    struct skc_async_queue queue;
    const struct skc_async_request own = { .ticket = 0, .msgid = 77 };
    struct skp_view frame = skt_hex("c0c0c0");
    struct skc_async_request gone;

    skt_ok(skc_async_queue_init(&queue, 2, 65536));
    push(&queue, 1);
    skc_async_queue_take(&queue, 0, &gone);
    push(&queue, 2);
    push(&queue, 3);
    skt_ok(skc_async_queue_push_front(&queue, &own, frame));
    ck_assert_uint_eq(skc_async_queue_at(&queue, 0)->msgid, 77);
    skt_bytes_eq(skc_async_queue_oldest(&queue), frame);
    for (uint32_t i = 0; i < 3; i++) {
        skc_async_queue_take(&queue, 0, &gone);
        ck_assert_uint_eq(gone.msgid, i == 0 ? 77 : i + 1);
    }
    skc_async_queue_done(&queue);
}
END_TEST

START_TEST(the_buffer_stays_bounded_while_requests_come_and_go)
{
    struct skc_async_queue queue;
    struct skc_async_request gone;

    skt_ok(skc_async_queue_init(&queue, 100, 65536));
    for (uint32_t i = 1; i <= 20000; i++) {
        push(&queue, i);
        if (i > 60) {
            struct skp_view oldest = skc_async_queue_oldest(&queue);
            char text[32];

            (void)snprintf(text, sizeof text, "secret %u", i - 60);
            ck_assert(memmem(oldest.ptr, oldest.len, text, strlen(text)) !=
                      NULL);
            skc_async_queue_note_sent(&queue, oldest.len);
            skc_async_queue_take(&queue, 0, &gone);
            ck_assert_uint_eq(gone.msgid, i - 60);
        }
    }
    ck_assert_uint_le(queue.bytes.cap, 16384);
    skc_async_queue_done(&queue);
}
END_TEST

SKT_SUITE("async_queue",
          what_leaves_the_queue_is_wiped,
          what_was_sent_is_counted_over_requests,
          one_more_goes_to_the_front_of_a_full_queue,
          the_buffer_stays_bounded_while_requests_come_and_go)
