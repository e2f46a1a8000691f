/* test_async_libuv.c - libsidekey in the loop of somebody who uses libuv,
 * against a real agent.
 *
 * The first part is the whole glue that such a program needs: a uv_poll_t for
 * the descriptor, a uv_timer_t for the timeout, and a uv_idle_t for a timeout
 * of 0 (libuv runs a timer of 0 ms that is started by a timer in the same turn
 * of the loop, over and over).  Copy it.
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "libclient/sidekey_async.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

/* ---- the glue ------------------------------------------------------------ */

struct glue {
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_idle_t at_once;
    uv_poll_t *poll; /* of the descriptor of this generation; NULL: none */
    uint32_t generation;
    struct sidekey_async *keys;
};

static void glue_update(struct glue *glue);

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_poll(uv_poll_t *poll_handle, int status, int events)
{
    struct glue *glue = poll_handle->data;
    int revents = 0;

    revents |= (events & UV_READABLE) != 0 ? POLLIN : 0;
    revents |= (events & UV_WRITABLE) != 0 ? POLLOUT : 0;
    revents |= (events & UV_DISCONNECT) != 0 ? POLLHUP : 0;
    revents |= status != 0 ? POLLERR : 0;
    sidekey_async_process(glue->keys, revents);
    glue_update(glue);
}

static void on_timer(uv_timer_t *timer)
{
    struct glue *glue = timer->data;

    sidekey_async_process(glue->keys, 0);
    glue_update(glue);
}

static void on_at_once(uv_idle_t *idle)
{
    struct glue *glue = idle->data;

    sidekey_async_process(glue->keys, 0);
    glue_update(glue);
}

/* Another descriptor: a uv_poll_t is bound to one for its whole life. */
static void glue_change(struct glue *glue, int fd)
{
    if (glue->poll != NULL) {
        uv_close((uv_handle_t *)glue->poll, on_poll_closed);
        glue->poll = NULL;
    }
    if (fd >= 0) {
        glue->poll = calloc(1, sizeof *glue->poll);
        ck_assert_ptr_nonnull(glue->poll);
        ck_assert_int_eq(uv_poll_init(glue->loop, glue->poll, fd), 0);
        glue->poll->data = glue;
    }
}

/* Call after each sidekey_async_process, submit and cancel. */
static void glue_update(struct glue *glue)
{
    struct sidekey_async_wants wants;

    sidekey_async_wants(glue->keys, &wants);
    if (wants.generation != glue->generation) {
        glue_change(glue, wants.fd);
        glue->generation = wants.generation;
    }
    if (glue->poll != NULL) {
        int events = UV_DISCONNECT;

        events |= (wants.events & POLLIN) != 0 ? UV_READABLE : 0;
        events |= (wants.events & POLLOUT) != 0 ? UV_WRITABLE : 0;
        ck_assert_int_eq(uv_poll_start(glue->poll, events, on_poll), 0);
    }
    (void)uv_idle_stop(&glue->at_once);
    (void)uv_timer_stop(&glue->timer);
    if (wants.timeout_ms == 0) {
        (void)uv_idle_start(&glue->at_once, on_at_once);
    } else if (wants.timeout_ms > 0) {
        /* libuv counts from its own time, which may be old. */
        uv_update_time(glue->loop);
        (void)uv_timer_start(&glue->timer, on_timer, (uint64_t)wants.timeout_ms,
                             0);
    }
}

static void glue_open(struct glue *glue,
                      uv_loop_t *loop,
                      const struct sidekey_async_options *options)
{
    *glue = (struct glue){ .loop = loop };
    ck_assert_int_eq(uv_timer_init(loop, &glue->timer), 0);
    ck_assert_int_eq(uv_idle_init(loop, &glue->at_once), 0);
    glue->timer.data = glue;
    glue->at_once.data = glue;
    skt_status_ok(sidekey_async_open(options, &glue->keys));
}

static void glue_close(struct glue *glue)
{
    glue_change(glue, -1);
    uv_close((uv_handle_t *)&glue->timer, NULL);
    uv_close((uv_handle_t *)&glue->at_once, NULL);
    sidekey_async_free(&glue->keys);
}

/* ---- the program around it ----------------------------------------------- */

#define START_MS    60000u
#define DEADLINE_MS 100000u
#define N_REQUESTS  1000u
#define TICK_MS     1u
/* sidekey_async.h promises at most 64 answers for each call, of which libuv may
 * make three in one turn: for the timer, at once, and for the descriptor. */
#define ANSWERS_A_TURN (3u * 64u)

struct program {
    uv_loop_t loop;
    struct glue glue;
    uv_timer_t tick;
    uv_check_t check;
    uint64_t last_cpu_ms;
    uint64_t longest_ms; /* of our own CPU time, between two ticks */
    size_t n_ticks;
    size_t n_done;
    size_t n_ok;
    size_t n_wanted;
    size_t done_before; /* the last turn */
    size_t most_a_turn;
    size_t n_missed;
    char folder[SKT_PATH_MAX];
    char path[SKT_PATH_MAX];
    char log[SKT_PATH_MAX];
    pid_t agent;
};

struct round {
    struct program *program;
    size_t i;
    char plaintext[32];
    uint8_t *envelope;
    size_t len;
    unsigned calls; /* two are right: encrypted, decrypted */
};

/* `--dev` makes a tenant's key some time after it is first asked for; a call
 * that waits asks until it is there. */
static void make_key(struct program *p)
{
    struct sidekey *handle = NULL;
    struct sidekey_public_key key;

    skt_status_ok(sidekey_open(p->path, &handle));
    skt_status_ok(sidekey_pubkey(handle, "tenant", START_MS, &key));
    sidekey_close(&handle);
}

static void start_agent(struct program *p)
{
    p->agent =
        skt_spawn((const char *const[]){ skt_program("sidekeyd"), "--dev",
                                         "--socket", p->path, NULL },
                  NULL, p->log);
    ck_assert_int_gt(p->agent, 0);
    ck_assert_msg(skt_wait_unix(p->agent, p->path, START_MS), "no agent: %s",
                  p->log);
    make_key(p);
}

/* What other programs of the machine take does not count. */
static uint64_t cpu_ms(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* Another user of the same loop, which must not be starved. */
static void on_tick(uv_timer_t *timer)
{
    struct program *p = timer->data;
    uint64_t now_ms = cpu_ms();

    if (p->n_ticks > 0 && now_ms - p->last_cpu_ms > p->longest_ms) {
        p->longest_ms = now_ms - p->last_cpu_ms;
    }
    p->last_cpu_ms = now_ms;
    p->n_ticks++;
}

/* Once in each turn of the loop. */
static void on_check(uv_check_t *check)
{
    struct program *p = check->data;
    size_t n = p->n_done - p->done_before;

    p->most_a_turn = n > p->most_a_turn ? n : p->most_a_turn;
    p->done_before = p->n_done;
    if (p->n_done == p->n_wanted) {
        uv_stop(&p->loop);
    }
}

static void on_change(void *user, const struct sidekey_async_change *change)
{
    struct program *p = user;

    p->n_missed += change->news == SIDEKEY_ASYNC_MISSED ? 1 : 0;
}

static void set_up(struct program *p)
{
    struct sidekey_async_options options = { .socket_path = p->path,
                                             .requests_max = N_REQUESTS,
                                             .on_change = on_change,
                                             .user = p };

    memset(p, 0, sizeof *p);
    ck_assert(skt_tempdir(p->folder));
    (void)snprintf(p->path, sizeof p->path, "%.400s/s.sock", p->folder);
    (void)snprintf(p->log, sizeof p->log, "%.400s/log", p->folder);
    ck_assert_int_eq(uv_loop_init(&p->loop), 0);
    glue_open(&p->glue, &p->loop, &options);
    ck_assert_int_eq(uv_timer_init(&p->loop, &p->tick), 0);
    ck_assert_int_eq(uv_check_init(&p->loop, &p->check), 0);
    p->tick.data = p;
    p->check.data = p;
    ck_assert_int_eq(uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS), 0);
    ck_assert_int_eq(uv_check_start(&p->check, on_check), 0);
}

static void tear_down(struct program *p)
{
    glue_close(&p->glue);
    uv_close((uv_handle_t *)&p->tick, NULL);
    uv_close((uv_handle_t *)&p->check, NULL);
    ck_assert_int_eq(uv_run(&p->loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&p->loop), 0);
    (void)skt_stop(&p->agent, SIGKILL, 5000);
}

static void run_until(struct program *p, size_t n_done)
{
    p->n_wanted = n_done;
    (void)uv_run(&p->loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(p->n_done, n_done);
}

static void on_decrypted(void *user, const struct sidekey_async_answer *answer)
{
    struct round *round = user;

    round->calls++;
    round->program->n_done++;
    ck_assert_msg(answer->status == SIDEKEY_OK, "decrypt %zu: %s: %s", round->i,
                  sidekey_status_name(answer->status), answer->text);
    skt_bytes_eq((struct skp_view){ answer->data, answer->len },
                 skp_view_of(round->plaintext));
    ck_assert(answer->authenticated);
    round->program->n_ok++;
}

/* What was encrypted is decrypted at once, from inside the callback. */
static void on_encrypted(void *user, const struct sidekey_async_answer *answer)
{
    struct round *round = user;
    const struct sidekey_async_call call = { .done = on_decrypted,
                                             .user = round,
                                             .deadline_ms = DEADLINE_MS };

    round->calls++;
    round->program->n_done++;
    ck_assert_msg(answer->status == SIDEKEY_OK, "encrypt %zu: %s: %s", round->i,
                  sidekey_status_name(answer->status), answer->text);
    round->envelope = malloc(answer->len);
    ck_assert_ptr_nonnull(round->envelope);
    memcpy(round->envelope, answer->data, answer->len);
    skt_status_ok(sidekey_async_decrypt(round->program->glue.keys, "tenant",
                                        round->envelope, answer->len, NULL,
                                        &call, NULL));
}

START_TEST(a_thousand_pipelined_requests_do_not_starve_the_loop)
{
    static struct program p;
    static struct round rounds[N_REQUESTS];

    set_up(&p);
    start_agent(&p);
    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct round *round = &rounds[i];
        const struct sidekey_async_call call = { .done = on_encrypted,
                                                 .user = round,
                                                 .deadline_ms = DEADLINE_MS };

        *round = (struct round){ .program = &p, .i = i };
        (void)snprintf(round->plaintext, sizeof round->plaintext, "value %zu",
                       i);
        skt_status_ok(sidekey_async_encrypt(
            p.glue.keys, "tenant", (const uint8_t *)round->plaintext,
            strlen(round->plaintext), NULL, &call, NULL));
    }
    skt_status(sidekey_async_pubkey(
                   p.glue.keys, "tenant",
                   &(struct sidekey_async_call){ .done = on_encrypted }, NULL),
               SIDEKEY_RESOURCE_EXHAUSTED);
    glue_update(&p.glue);
    run_until(&p, (size_t)2 * N_REQUESTS);
    ck_assert_uint_eq(p.n_ok, N_REQUESTS);
    for (size_t i = 0; i < N_REQUESTS; i++) {
        ck_assert_uint_eq(rounds[i].calls, 2);
        free(rounds[i].envelope);
    }
    /* The bound that is promised, and what the other timer saw of it: the
     * second is for a sanitizer, too. */
    ck_assert_uint_le(p.most_a_turn, ANSWERS_A_TURN);
    ck_assert_uint_gt(p.n_ticks, 0);
    ck_assert_uint_lt(p.longest_ms, 1000);
    tear_down(&p);
}
END_TEST

/* ---- restarts ------------------------------------------------------------ */

static void on_counted(void *user, const struct sidekey_async_answer *answer)
{
    struct program *p = user;

    p->n_done++;
    p->n_ok += answer->status == SIDEKEY_OK ? 1 : 0;
}

static void submit_pubkeys(struct program *p, size_t n)
{
    const struct sidekey_async_call call = { .done = on_counted,
                                             .user = p,
                                             .deadline_ms = DEADLINE_MS };

    for (size_t i = 0; i < n; i++) {
        skt_status_ok(
            sidekey_async_pubkey(p->glue.keys, "tenant", &call, NULL));
    }
    glue_update(&p->glue);
}

START_TEST(requests_survive_the_agent_s_restart_and_the_watch_does)
{
    static struct program p;
    const struct sidekey_async_call call = { .done = on_counted,
                                             .user = &p,
                                             .deadline_ms = DEADLINE_MS };

    set_up(&p);
    start_agent(&p);
    skt_status_ok(sidekey_async_watch(p.glue.keys, NULL, 0, &call, NULL));
    glue_update(&p.glue);
    run_until(&p, 1);
    submit_pubkeys(&p, 200);
    run_until(&p, 201);
    ck_assert_uint_eq(p.n_ok, 201);
    /* The loop sees nothing of this before it runs again: the requests meet a
     * connection whose agent is gone. */
    (void)skt_stop(&p.agent, SIGKILL, 5000);
    submit_pubkeys(&p, 200);
    start_agent(&p);
    run_until(&p, 401);
    ck_assert_uint_eq(p.n_ok, 401);
    ck_assert_uint_eq(p.n_missed, 1);
    tear_down(&p);
}
END_TEST

START_TEST(without_an_agent_requests_end_after_two_seconds)
{
    static struct program p;
    uint64_t start_ms;
    uint64_t took_ms;

    set_up(&p);
    submit_pubkeys(&p, 10);
    start_ms = uv_hrtime() / 1000000;
    run_until(&p, 10);
    took_ms = uv_hrtime() / 1000000 - start_ms;
    ck_assert_uint_eq(p.n_ok, 0);
    /* Not at once, and not at the deadline. */
    ck_assert_uint_ge(took_ms, 1900);
    ck_assert_uint_lt(took_ms, DEADLINE_MS / 2);
    /* The loop was free all the time: at most it has slept between ticks. */
    ck_assert_uint_gt(p.n_ticks, 10);
    ck_assert_uint_lt(p.longest_ms, 1000);
    tear_down(&p);
}
END_TEST

SKT_SUITE("async_libuv",
          a_thousand_pipelined_requests_do_not_starve_the_loop,
          requests_survive_the_agent_s_restart_and_the_watch_does,
          without_an_agent_requests_end_after_two_seconds)
