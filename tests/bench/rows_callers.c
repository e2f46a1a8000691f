/* rows_callers.c - a quiet user beside one that floods; see rows.h. */
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/host.h"
#include "tests/bench/rows.h"
#include "tests/bench/tenants.h"

#define N_TENANTS 100u
#define N_ITEMS   1000u
#define N_FLOODS  16u
#define LOUD_UID  65533

/* Send requests on 16 connections as fast as they are taken, and throw the
 * answers away, until the parent ends it. */
static void flood(const char *path, const struct skb_script *script)
{
    static uint8_t answers[65536];
    size_t len = script->n_items * script->request_len;
    size_t sent[N_FLOODS] = { 0 };
    struct pollfd fds[N_FLOODS];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setresuid(LOUD_UID, LOUD_UID, LOUD_UID) != 0) {
        return;
    }
    for (size_t i = 0; i < N_FLOODS; i++) {
        fds[i] = (struct pollfd){ skb_connect(path), POLLIN | POLLOUT, 0 };
    }
    while (poll(fds, N_FLOODS, -1) > 0) {
        for (size_t i = 0; i < N_FLOODS; i++) {
            ssize_t n = 0;

            if ((fds[i].revents & POLLIN) != 0 &&
                recv(fds[i].fd, answers, sizeof answers, MSG_DONTWAIT) <= 0) {
                return;
            }
            if ((fds[i].revents & POLLOUT) != 0) {
                n = send(fds[i].fd, script->requests + sent[i], len - sent[i],
                         MSG_DONTWAIT | MSG_NOSIGNAL);
            }
            sent[i] = n > 0 ? (sent[i] + (size_t)n) % len : sent[i];
        }
    }
}

static pid_t start_flood(const struct skb_host *host,
                         const struct skb_script *script)
{
    pid_t child = fork();

    if (child == 0) {
        skb_pin(SKB_CORE_GENERATOR);
        flood(host->socket, script);
        _exit(1);
    }
    return child;
}

/* A row of one quantile: @beside against @alone. */
static void add_row(struct skb_bench *bench,
                    const char *what,
                    const struct skb_result *alone,
                    const struct skb_result *beside,
                    bool is_p99)
{
    struct skb_row row = { .what = what,
                           .against = "the same user alone",
                           .note = "another user, 16 connections",
                           .unit = is_p99 ? "us p99" : "us p50",
                           .value = is_p99 ? beside->p99_us : beside->p50_us,
                           .peer_value = is_p99 ? alone->p99_us : alone->p50_us,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 2.0 };

    row.ratio = row.value / row.peer_value;
    skb_row_set_sides(&row, beside, alone);
    skb_table_add(&bench->table, &row);
}

/* One run beside the flood, which must not end by itself. */
static struct skb_result run_beside(const struct skb_load *load,
                                    const struct skb_host *host,
                                    const struct skb_script *script)
{
    pid_t child = start_flood(host, script);
    struct skb_result result = skb_load_run(load, script);
    int status = 0;

    result.n_errors += waitpid(child, &status, WNOHANG) != 0;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return result;
}

/* Alone and beside a flood in turn, so that what else the machine does meets
 * both. */
static void measure(struct skb_bench *bench,
                    const struct skb_host *host,
                    const struct skb_script *script)
{
    const struct skb_load load = { host->socket, host->pid, 1, 1,
                                   bench->seconds };
    struct skb_series series[2] = { { .n = 0 }, { .n = 0 } };
    struct skb_result alone;
    struct skb_result beside;

    for (unsigned i = 0; i < bench->runs; i++) {
        alone = skb_load_run(&load, script);
        beside = run_beside(&load, host, script);
        skb_series_keep(&series[0], &alone);
        skb_series_keep(&series[1], &beside);
    }
    alone = skb_series_median(&series[0]);
    beside = skb_series_median(&series[1]);
    add_row(bench, "unwrap beside a flood, p50", &alone, &beside, false);
    add_row(bench, "unwrap beside a flood, p99", &alone, &beside, true);
}

/* Let the other user get at the socket. */
static bool open_socket(const struct skb_host *host)
{
    char folder[sizeof host->socket];

    (void)snprintf(folder, sizeof folder, "%s", host->socket);
    return chmod(host->socket, 0666) == 0 && chmod(dirname(folder), 0711) == 0;
}

void skb_rows_callers(struct skb_bench *bench)
{
    static const char what[] = "unwrap beside a flood of another user";
    static const struct skb_host_config config = {
        .name = "callers",
        .n_tenants = N_TENANTS,
        .seeds = SKB_SEEDS_LOCAL,
        .workers = 1,
        .cores = SKB_CORE_SERVER,
    };
    struct skb_envelopes envelopes;
    struct skb_script script;
    struct skb_host host;

    if (geteuid() != 0) {
        skb_table_skip(&bench->table, what, "only root can become a user");
        return;
    }
    if (!skb_host_start(&host, &config) || !open_socket(&host)) {
        skb_table_skip(&bench->table, what, "sidekeyd did not start");
        return;
    }
    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&script, SKP_METHOD_UNWRAP, &envelopes);
    measure(bench, &host, &script);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
    skb_host_stop(&host);
}
