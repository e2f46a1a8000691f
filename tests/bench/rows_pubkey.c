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

static void add_row(struct skb_bench *bench,
                    const struct shape *shape,
                    const char *against,
                    const struct skb_series *ours,
                    const struct skb_series *peer)
{
    struct skb_result mine = skb_series_median(ours);
    struct skb_result theirs = skb_series_median(peer);
    bool is_latency = shape->is_latency;
    struct skb_row row = { .what = shape->what,
                           .against = against,
                           .note = "",
                           .unit = is_latency ? "us p99" : "us",
                           .value = is_latency ? mine.p99_us : mine.cpu_us,
                           .peer_value =
                               is_latency ? theirs.p99_us : theirs.cpu_us,
                           .sense = is_latency        ? SKB_GOAL_AT_MOST
                                    : shape->goal > 0 ? SKB_GOAL_AT_LEAST
                                                      : SKB_GOAL_NONE,
                           .goal = shape->goal };

    row.ratio =
        is_latency ? row.value / row.peer_value : row.peer_value / row.value;
    skb_row_set_sides(&row, &mine, &theirs);
    skb_table_add(&bench->table, &row);
}

/* In turns, so that what else the machine does meets both. */
static void compare(struct skb_bench *bench,
                    const struct side *ours,
                    const struct side *peer,
                    const struct shape *shape,
                    const char *against)
{
    struct skb_series mine = { .n = 0 };
    struct skb_series theirs = { .n = 0 };

    for (unsigned i = 0; i < bench->runs; i++) {
        struct skb_result first = run_side(bench, peer, shape);
        struct skb_result second = run_side(bench, ours, shape);

        skb_series_keep(&theirs, &first);
        skb_series_keep(&mine, &second);
    }
    add_row(bench, shape, against, &mine, &theirs);
}

/* ---- caches ------------------------------------------------------------- */

/* A server that answers 32 bytes to the question for one key. */
struct cache {
    const char *program;
    bool (*start)(struct skb_host *host);
    const char *request;
    const char *answer;
    const char *against;
    const char *skipped; /* the row's name when it is not measured */
    double goals[2];     /* at 4x16 and 4x64; 0 is for information */
};

#define VALUE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"

static const struct cache caches[] = {
    { "redis-server",
      skb_host_start_redis,
      "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
      "$32\r\n" VALUE,
      "redis GET, 32 bytes",
      "pubkey against redis GET",
      { 1.0, 1.5 } },
    { "memcached",
      skb_host_start_memcached,
      "get key\r\n",
      "VALUE key 0 32\r\n" VALUE "END\r\n",
      "memcached get, 32 bytes",
      "pubkey against memcached get",
      { 0.0, 0.0 } },
};

static void script_cache(struct skb_script *script, const struct cache *cache)
{
    size_t request_len = strlen(cache->request);
    size_t answer_len = strlen(cache->answer);

    skb_script_init(script, 1, request_len, answer_len);
    memcpy(script->requests, cache->request, request_len);
    memcpy(script->answers, cache->answer, answer_len);
}

static void compare_cache(struct skb_bench *bench,
                          const struct side *ours,
                          const struct cache *cache)
{
    const struct shape shapes[] = {
        { "pubkey, 4x16", 4, 16, false, cache->goals[0] },
        { "pubkey, 4x64", 4, 64, false, cache->goals[1] },
    };
    struct side peer;

    if (!skb_is_installed(cache->program)) {
        skb_table_skip(&bench->table, cache->skipped,
                       "not installed (make bench-deps)");
        return;
    }
    if (!cache->start(&peer.host)) {
        skb_table_skip(&bench->table, cache->skipped, "it did not start");
        return;
    }
    script_cache(&peer.script, cache);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        compare(bench, ours, &peer, &shapes[i], cache->against);
    }
    skb_script_done(&peer.script);
    skb_host_stop(&peer.host);
}

/* ---- an echo ------------------------------------------------------------ */

static void script_echo(struct skb_script *script,
                        const struct skb_script *model)
{
    skb_script_init(script, 1, model->request_len, model->answer_len);
    memset(script->requests, 'q', script->request_len);
    memset(script->answers, 'a', script->answer_len);
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

/* ---- all of it ---------------------------------------------------------- */

void skb_rows_pubkey(struct skb_bench *bench)
{
    static const struct skb_host_config config = {
        .name = "pubkey",
        .n_tenants = N_TENANTS,
        .seeds = SKB_SEEDS_LOCAL,
        .workers = 1,
        .cores = SKB_CORE_SERVER,
    };
    struct skb_envelopes envelopes;
    struct side ours;

    if (!skb_host_start(&ours.host, &config)) {
        skb_table_skip(&bench->table, "pubkey", "sidekeyd did not start");
        return;
    }
    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_HPKE_AES256GCM, N_ITEMS,
                       N_TENANTS);
    skb_script_make(&ours.script, SKP_METHOD_PUBKEY, &envelopes);
    for (size_t i = 0; i < sizeof caches / sizeof caches[0]; i++) {
        compare_cache(bench, &ours, &caches[i]);
    }
    compare_echo(bench, &ours);
    skb_script_done(&ours.script);
    skb_envelopes_done(&envelopes);
    skb_host_stop(&ours.host);
}
