/* test_client.c - calls through a handle: turns, repetition, deadlines. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libclient/deadline.h"
#include "libclient/sidekey.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

START_TEST(asks_for_a_public_key)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_uint_eq(key.generation, 1);
    skt_status(sidekey_pubkey(handle, "nobody", 60000, &key),
               SIDEKEY_NOT_FOUND);
    ck_assert_str_eq(sidekey_error_text(handle), "no such tenant");
    skt_status(sidekey_pubkey(handle, SKT_TENANT_OLD, 60000, &key),
               SIDEKEY_FAILED_PRECONDITION);
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_str_eq(sidekey_error_text(handle), "");
    ck_assert_uint_eq(skt_agent_connections(agent), 1);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(reads_an_answer_that_comes_byte_by_byte)
{
    SKT_STEPS({ SKT_BYTEWISE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(connects_anew_when_the_agent_was_restarted)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL },
              { SKT_RESTART, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_uint_eq(skt_agent_requests(agent), 3);
    ck_assert_uint_eq(skt_agent_connections(agent), 2);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(repeats_an_unanswered_request_only_once)
{
    SKT_STEPS({ SKT_CLOSE, SKP_ERR_OK, NULL }, { SKT_CLOSE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status(sidekey_pubkey(handle, SKT_TENANT, 60000, &key),
               SIDEKEY_UNAVAILABLE);
    ck_assert_str_eq(sidekey_error_text(handle),
                     "the agent closed the connection");
    ck_assert_uint_eq(skt_agent_requests(agent), 2);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(does_not_repeat_a_refresh)
{
    SKT_STEPS({ SKT_CLOSE, SKP_ERR_OK, NULL },
              { SKT_ERROR, SKP_ERR_UNAVAILABLE, "coordinator: HTTP 503" });

    skt_status(sidekey_refresh(handle, false, 60000), SIDEKEY_UNAVAILABLE);
    ck_assert_uint_eq(skt_agent_requests(agent), 1);
    skt_status(sidekey_refresh(handle, true, 60000), SIDEKEY_UNAVAILABLE);
    ck_assert_str_eq(sidekey_error_text(handle), "coordinator: HTTP 503");
    ck_assert_uint_eq(skt_agent_requests(agent), 2);
    skt_status_ok(sidekey_refresh(handle, true, 60000));
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_refresh_does_not_go_out_on_a_dead_connection)
{
    SKT_STEPS({ SKT_ANSWER_CLOSE, SKP_ERR_OK, NULL });
    struct sidekey_hello hello;

    skt_status_ok(sidekey_hello(handle, 60000, &hello));
    while (skt_agent_hangups(agent) == 0) {
        skc_deadline_sleep(1);
    }
    skt_status_ok(sidekey_refresh(handle, false, 60000));
    ck_assert_uint_eq(skt_agent_requests(agent), 2);
    ck_assert_uint_eq(skt_agent_connections(agent), 2);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(does_not_repeat_a_half_answered_request)
{
    SKT_STEPS({ SKT_HALF_CLOSE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status(sidekey_pubkey(handle, SKT_TENANT, 60000, &key),
               SIDEKEY_UNAVAILABLE);
    ck_assert_uint_eq(skt_agent_requests(agent), 1);
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_deadline_in_the_middle_of_an_answer_drops_the_connection)
{
    SKT_STEPS({ SKT_HALF, SKP_ERR_OK, NULL },
              { SKT_SILENCE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;
    uint64_t start_ms = skc_deadline_now_ms();

    skt_status(sidekey_pubkey(handle, SKT_TENANT, 60, &key),
               SIDEKEY_DEADLINE_EXCEEDED);
    ck_assert_str_eq(sidekey_error_text(handle),
                     "deadline exceeded while waiting for the agent");
    skt_status(sidekey_pubkey(handle, SKT_TENANT, 60, &key),
               SIDEKEY_DEADLINE_EXCEEDED);
    ck_assert_uint_ge(skc_deadline_now_ms() - start_ms, 118);
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_uint_eq(skt_agent_connections(agent), 3);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(an_odd_answer_is_internal_and_drops_the_connection)
{
    SKT_STEPS({ SKT_WRONG_MSGID, SKP_ERR_OK, NULL },
              { SKT_GARBAGE, SKP_ERR_OK, NULL },
              { SKT_NOTIFICATION, SKP_ERR_OK, NULL },
              { SKT_WRONG_KEY_ID, SKP_ERR_OK, NULL },
              { SKT_SHORT_DATA, SKP_ERR_OK, NULL });

    for (unsigned i = 0; i < SKP_ARRAY_LEN(steps); i++) {
        struct sidekey_public_key key = { .generation = 99 };

        skt_status(sidekey_pubkey(handle, SKT_TENANT, 60000, &key),
                   SIDEKEY_INTERNAL);
        ck_assert_uint_eq(key.generation, 99);
        ck_assert_str_ne(sidekey_error_text(handle), "");
        ck_assert_uint_eq(skt_agent_connections(agent), i + 1);
    }
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_second_answer_is_never_taken_for_the_next_question)
{
    SKT_STEPS({ SKT_TWICE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;
    struct sidekey_hello hello;

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    skt_status_ok(sidekey_hello(handle, 60000, &hello));
    ck_assert_str_eq(hello.agent, "sidekeyd/0.1.0");
    ck_assert_uint_eq(skt_agent_connections(agent), 2);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(an_error_of_the_whole_connection_is_the_calls)
{
    SKT_STEPS(
        { SKT_NIL_MSGID, SKP_ERR_RESOURCE_EXHAUSTED, "too many connections" });
    struct sidekey_hello hello;

    skt_status(sidekey_hello(handle, 60000, &hello),
               SIDEKEY_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(sidekey_error_text(handle), "too many connections");
    skt_status_ok(sidekey_hello(handle, 60000, &hello));
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(asks_again_while_a_key_is_unavailable)
{
    SKT_STEPS({ SKT_ERROR, SKP_ERR_UNAVAILABLE, "asked the source" },
              { SKT_ERROR, SKP_ERR_UNAVAILABLE, "asked the source" });
    struct sidekey_public_key key;
    uint64_t start_ms = skc_deadline_now_ms();

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_uint_ge(skc_deadline_now_ms() - start_ms, 149);
    ck_assert_uint_eq(skt_agent_requests(agent), 3);
    ck_assert_uint_eq(skt_agent_connections(agent), 1);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_key_unavailable_until_the_deadline_is_unavailable)
{
    SKT_STEPS({ SKT_ERROR, SKP_ERR_UNAVAILABLE, "asked the source" },
              { SKT_SILENCE, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;

    skt_status(sidekey_pubkey(handle, SKT_TENANT, 120, &key),
               SIDEKEY_UNAVAILABLE);
    ck_assert_str_eq(sidekey_error_text(handle), "asked the source");
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(nobody_listening_is_unavailable)
{
    struct sidekey *handle = NULL;
    struct sidekey_hello hello;
    uint64_t start_ms = skc_deadline_now_ms();

    skt_status_ok(sidekey_open("/nonexistent/sidekey.sock", &handle));
    ck_assert_str_eq(sidekey_socket_path(handle), "/nonexistent/sidekey.sock");
    skt_status(sidekey_hello(handle, 50, &hello), SIDEKEY_UNAVAILABLE);
    ck_assert_uint_ge(skc_deadline_now_ms() - start_ms, 49);
    ck_assert_str_eq(
        sidekey_error_text(handle),
        "/nonexistent/sidekey.sock: no agent listens on this socket");
    /* Without a deadline it still does not wait for ever. */
    skt_status(sidekey_hello(handle, SIDEKEY_NO_DEADLINE, &hello),
               SIDEKEY_UNAVAILABLE);
    sidekey_close(&handle);
}
END_TEST

START_TEST(refuses_bad_requests_before_they_are_sent)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    static const uint8_t big[SKP_MESSAGE_MAX + 1];
    const struct sidekey_options long_aad = { .aad = big,
                                              .aad_len = SKP_AAD_MAX + 1 };
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_public_key key;

    skt_status(sidekey_pubkey(handle, "two words", 60000, &key),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_pubkey(handle, "", 60000, &key),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_pubkey(handle, NULL, 60000, &key),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status(
        sidekey_encrypt(handle, SKT_TENANT, big, 3, &long_aad, 60000, &sealed),
        SIDEKEY_INVALID_ARGUMENT);
    skt_status(sidekey_encrypt(handle, SKT_TENANT, big, sizeof big, NULL, 60000,
                               &sealed),
               SIDEKEY_RESOURCE_EXHAUSTED);
    skt_status(sidekey_encrypt(handle, SKT_TENANT, big, SKP_MESSAGE_MAX, NULL,
                               60000, &sealed),
               SIDEKEY_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(skt_agent_requests(agent), 0);
    skt_close(&handle, &agent);
}
END_TEST

struct thread_work {
    struct sidekey *handle;
    bool is_bad; /* asks for a tenant that is not there */
    unsigned n_right;
};

static void *work_in_thread(void *state)
{
    struct thread_work *work = state;

    for (unsigned i = 0; i < 20; i++) {
        struct sidekey_public_key key;
        enum sidekey_status status = sidekey_pubkey(
            work->handle, work->is_bad ? "nobody" : SKT_TENANT, 30000, &key);
        const char *text = sidekey_error_text(work->handle);

        work->n_right += work->is_bad
                             ? status == SIDEKEY_NOT_FOUND &&
                                   strcmp(text, "no such tenant") == 0
                             : status == SIDEKEY_OK && strcmp(text, "") == 0;
    }
    return NULL;
}

START_TEST(several_threads_share_a_handle_and_keep_their_own_words)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct thread_work works[4];
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++) {
        works[i] = (struct thread_work){ handle, i % 2 == 1, 0 };
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, work_in_thread, &works[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(works[i].n_right, 20);
    }
    ck_assert_uint_eq(skt_agent_connections(agent), 1);
    skt_close(&handle, &agent);
}
END_TEST

static void *ask_silent_agent(void *state)
{
    struct sidekey_hello hello;

    return sidekey_hello(state, 400, &hello) == SIDEKEY_DEADLINE_EXCEEDED
               ? state
               : NULL;
}

START_TEST(waiting_for_a_turn_counts_against_the_deadline)
{
    SKT_STEPS({ SKT_SILENCE, SKP_ERR_OK, NULL });
    struct sidekey_hello hello;
    pthread_t thread;
    void *was_right = NULL;

    ck_assert_int_eq(pthread_create(&thread, NULL, ask_silent_agent, handle),
                     0);
    while (skt_agent_requests(agent) == 0) {
        skc_deadline_sleep(1);
    }
    skt_status(sidekey_hello(handle, 30, &hello), SIDEKEY_DEADLINE_EXCEEDED);
    ck_assert_str_eq(sidekey_error_text(handle),
                     "deadline exceeded while other threads were served");
    ck_assert_int_eq(pthread_join(thread, &was_right), 0);
    ck_assert_ptr_nonnull(was_right);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_child_connects_for_itself)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_public_key key;
    int wait_status = -1;
    pid_t pid;

    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        bool ok = sidekey_pubkey(handle, SKT_TENANT, 60000, &key) == SIDEKEY_OK;

        sidekey_close(&handle);
        _exit(ok ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    ck_assert_int_eq(wait_status, 0);
    ck_assert_uint_eq(skt_agent_connections(agent), 2);
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    ck_assert_uint_eq(skt_agent_connections(agent), 2);
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("client",
          asks_for_a_public_key,
          reads_an_answer_that_comes_byte_by_byte,
          connects_anew_when_the_agent_was_restarted,
          repeats_an_unanswered_request_only_once,
          does_not_repeat_a_refresh,
          a_refresh_does_not_go_out_on_a_dead_connection,
          does_not_repeat_a_half_answered_request,
          a_deadline_in_the_middle_of_an_answer_drops_the_connection,
          an_odd_answer_is_internal_and_drops_the_connection,
          a_second_answer_is_never_taken_for_the_next_question,
          an_error_of_the_whole_connection_is_the_calls,
          asks_again_while_a_key_is_unavailable,
          a_key_unavailable_until_the_deadline_is_unavailable,
          nobody_listening_is_unavailable,
          refuses_bad_requests_before_they_are_sent,
          several_threads_share_a_handle_and_keep_their_own_words,
          waiting_for_a_turn_counts_against_the_deadline,
          a_child_connects_for_itself)
