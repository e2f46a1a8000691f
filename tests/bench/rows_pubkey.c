/* rows_pubkey.c - pubkey against other servers of small values; see rows.h. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/host.h"
#include "tests/bench/rows.h"
#include "tests/bench/tenants.h"

#define N_TENANTS 1000u
#define N_ITEMS   1000u

/* A server, and what it is asked. */
struct side {
    struct skb_host host;
    struct skb_script script;
};

struct shape {
    const char *what;
    unsigned connections;
    unsigned depth;
    bool is_latency; /* the ratio is of p99, not of CPU time */
    double goal;
};

static struct skb_result run_side(const struct skb_bench *bench,
                                  const struct side *side,
                                  const struct shape *shape)
{
    const struct skb_load load = { side->host.socket, side->host.pid,
                                   shape->connections, shape->depth,
                                   bench->seconds };

    return skb_load_run(&load, &side->script);
}

/* Cells of the runs: ours and the peer's. */
enum cell {
    CPU,
    PER_S,
    P50,
    P99,
    P999,
    PEER_CPU,
    PEER_PER_S,
    PEER_P99,
    CELLS
};

static void keep(double cells[CELLS][SKB_RUNS_MAX],
                 unsigned nth,
                 const struct skb_result *ours,
                 const struct skb_result *peer)
{
    cells[CPU][nth] = ours->cpu_us;
    cells[PER_S][nth] = ours->per_s;
    cells[P50][nth] = ours->p50_us;
    cells[P99][nth] = ours->p99_us;
    cells[P999][nth] = ours->p999_us;
    cells[PEER_CPU][nth] = peer->cpu_us;
    cells[PEER_PER_S][nth] = peer->per_s;
    cells[PEER_P99][nth] = peer->p99_us;
}

static void compare(struct skb_bench *bench,
                    const struct side *ours,
                    const struct side *peer,
                    const struct shape *shape,
                    const char *against)
{
    double cells[CELLS][SKB_RUNS_MAX];
    double medians[CELLS];
    bool is_latency = shape->is_latency;
    struct skb_row row = { .what = shape->what,
                           .against = against,
                           .note = "",
                           .unit = is_latency ? "us p99" : "us",
                           .sense = is_latency        ? SKB_GOAL_AT_MOST
                                    : shape->goal > 0 ? SKB_GOAL_AT_LEAST
                                                      : SKB_GOAL_NONE,
                           .goal = shape->goal };

    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result theirs = run_side(bench, peer, shape);
        struct skb_result mine = run_side(bench, ours, shape);

        keep(cells, i, &mine, &theirs);
        row.n_errors += mine.n_errors + theirs.n_errors;
    }
    for (size_t i = 0; i < CELLS; i++) {
        medians[i] = skb_median(cells[i], bench->runs);
    }
    row.value = medians[is_latency ? P99 : CPU];
    row.peer_value = medians[is_latency ? PEER_P99 : PEER_CPU];
    row.ratio =
        is_latency ? row.value / row.peer_value : row.peer_value / row.value;
    row.per_s = medians[PER_S];
    row.peer_per_s = medians[PEER_PER_S];
    row.p50_us = medians[P50];
    row.p99_us = medians[P99];
    row.p999_us = medians[P999];
    skb_table_add(&bench->table, &row);
}

static void script_redis(struct skb_script *script)
{
    static const char get[] = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
    static const char answer[] = "$32\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

    skb_script_init(script, 1, sizeof get - 1, sizeof answer - 1);
    memcpy(script->requests, get, sizeof get - 1);
    memcpy(script->answers, answer, sizeof answer - 1);
}

static void script_echo(struct skb_script *script,
                        const struct skb_script *model)
{
    skb_script_init(script, 1, model->request_len, model->answer_len);
    memset(script->requests, 'q', script->request_len);
    memset(script->answers, 'a', script->answer_len);
}

static void compare_redis(struct skb_bench *bench, const struct side *ours)
{
    static const struct shape shapes[] = {
        { "pubkey, 4x16", 4, 16, false, 1.0 },
        { "pubkey, 4x64", 4, 64, false, 1.5 },
    };
    struct side redis;

    if (!skb_is_installed("redis-server")) {
        skb_table_skip(&bench->table, "pubkey against redis GET",
                       "redis-server is not installed");
        return;
    }
    if (!skb_host_start_redis(&redis.host)) {
        skb_table_skip(&bench->table, "pubkey against redis GET",
                       "redis-server did not start");
        return;
    }
    script_redis(&redis.script);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        compare(bench, ours, &redis, &shapes[i], "redis GET, 32 bytes");
    }
    skb_script_done(&redis.script);
    skb_host_stop(&redis.host);
}

static void compare_echo(struct skb_bench *bench, const struct side *ours)
{
    static const struct shape shapes[] = {
        { "pubkey, 4x16", 4, 16, false, 0.0 },
        { "pubkey, 4x64", 4, 64, false, 0.0 },
        { "pubkey 1x1, p99", 1, 1, true, 1.3 },
    };
    struct side echo;

    if (!skb_host_start_echo(&echo.host, "echo", ours->script.request_len,
                             ours->script.answer_len)) {
        skb_table_skip(&bench->table, "pubkey against an echo",
                       "the echo did not start");
        return;
    }
    script_echo(&echo.script, &ours->script);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        compare(bench, ours, &echo, &shapes[i], "libuv echo, same sizes");
    }
    skb_script_done(&echo.script);
    skb_host_stop(&echo.host);
}

void skb_rows_pubkey(struct skb_bench *bench)
{
    static const struct skb_host_config config = { "pubkey", N_TENANTS,
                                                   SKB_SEEDS_LOCAL, 1,
                                                   SKB_CORE_SERVER };
    struct skb_envelopes envelopes;
    struct side ours;

    if (!skb_host_start(&ours.host, &config)) {
        skb_table_skip(&bench->table, "pubkey", "sidekeyd did not start");
        return;
    }
    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&ours.script, SKP_METHOD_PUBKEY, &envelopes);
    compare_redis(bench, &ours);
    compare_echo(bench, &ours);
    skb_script_done(&ours.script);
    skb_envelopes_done(&envelopes);
    skb_host_stop(&ours.host);
}
