/* test_mailbox.c - proves mailbox.c. */
#include "agent/serve/mailbox.h"
#include "tests/lib/suite.h"

#define N_LETTERS 1000

struct letter {
    struct skd_mail mail;
    int number;
};

struct reader {
    struct skd_mailbox mailbox;
    struct letter letters[2 * N_LETTERS];
    int n_read;
    int last[2]; /* number read last from each writer */
    bool is_closed;
};

static struct reader reader;

static void on_mail(void *state, struct skd_mail *mail)
{
    const struct letter *letter = (const struct letter *)mail;
    int writer = letter->number / N_LETTERS;

    ck_assert_ptr_eq(state, &reader);
    ck_assert_int_eq(letter->number % N_LETTERS, reader.last[writer]++);
    reader.n_read++;
    if (reader.n_read == 2 * N_LETTERS) {
        skd_mailbox_close(&reader.mailbox, NULL);
    }
}

static void on_closed(void *state)
{
    ck_assert_ptr_eq(state, &reader);
    reader.is_closed = true;
}

static void write_letters(void *arg)
{
    int first = *(const int *)arg;

    for (int i = first; i < first + N_LETTERS; i++) {
        reader.letters[i].number = i;
        ck_assert(skd_mailbox_post(&reader.mailbox, &reader.letters[i].mail));
    }
}

START_TEST(mail_from_several_threads_arrives_each_in_order)
{
    int firsts[] = { 0, N_LETTERS };
    uv_thread_t threads[2];
    uv_loop_t loop;

    reader = (struct reader){ .n_read = 0 };
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    skt_ok(skd_mailbox_open(&reader.mailbox, &loop, on_mail, &reader));
    ck_assert_int_eq(uv_thread_create(&threads[0], write_letters, &firsts[0]),
                     0);
    ck_assert_int_eq(uv_thread_create(&threads[1], write_letters, &firsts[1]),
                     0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
    ck_assert_int_eq(uv_thread_join(&threads[1]), 0);
    ck_assert_int_eq(reader.n_read, 2 * N_LETTERS);
    skd_mailbox_done(&reader.mailbox);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

START_TEST(a_closed_mailbox_delivers_what_was_posted_and_refuses_the_rest)
{
    struct letter *letters = reader.letters;
    uv_loop_t loop;

    reader = (struct reader){ .n_read = 0 };
    letters[1].number = 1;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    skt_ok(skd_mailbox_open(&reader.mailbox, &loop, on_mail, &reader));
    ck_assert(skd_mailbox_post(&reader.mailbox, &letters[0].mail));
    ck_assert(skd_mailbox_post(&reader.mailbox, &letters[1].mail));
    ck_assert_int_eq(reader.n_read, 0);
    skd_mailbox_close(&reader.mailbox, on_closed);
    ck_assert_int_eq(reader.n_read, 2);
    ck_assert(!skd_mailbox_post(&reader.mailbox, &letters[2].mail));
    ck_assert(!reader.is_closed);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(reader.is_closed);
    ck_assert_int_eq(reader.n_read, 2);
    skd_mailbox_done(&reader.mailbox);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

SKT_SUITE("mailbox",
          mail_from_several_threads_arrives_each_in_order,
          a_closed_mailbox_delivers_what_was_posted_and_refuses_the_rest)
