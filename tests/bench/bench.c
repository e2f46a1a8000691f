/* bench.c - measures sidekeyd against what is possible and prints a table.
 *
 *     make bench                       five runs of a second each
 *     make bench-json                  the same, also to build/bench.json
 *     BENCH_SECONDS=0.2 BENCH_RUNS=3   a quick look
 *     BENCH_ONLY=crypto                one of crypto, workers, pubkey, peers,
 *                                      scale, kmip, idle, callers, stream
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/bench/cpu.h"
#include "tests/bench/host.h"
#include "tests/bench/rows.h"

static double read_number(const char *name, double otherwise)
{
    const char *text = getenv(name);
    double number = text == NULL ? 0.0 : strtod(text, NULL);

    return number > 0.0 ? number : otherwise;
}

/* Ten thousand connections, a hundred thousand locked keys. */
static void raise_limit(int resource)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit((__rlimit_resource_t)resource, &limit);
    }
}

static void report_peers(void)
{
    static const char *const peers[] = { "redis-server", "memcached",
                                         "gpg-agent",    "ssh-agent",
                                         "p11-kit",      "softhsm2-util" };

    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        if (!skb_is_installed(peers[i])) {
            (void)fprintf(stderr,
                          "bench: %s is not installed (make bench-deps)\n",
                          peers[i]);
        }
    }
    if (skb_cores() < 2) {
        (void)fprintf(stderr, "bench: one core only, so the generator takes "
                              "time from the server\n");
    }
}

static void run_all(struct skb_bench *bench)
{
    static const struct {
        const char *name;
        void (*run)(struct skb_bench *bench);
    } groups[] = {
        { "crypto", skb_rows_crypto }, { "workers", skb_rows_workers },
        { "pubkey", skb_rows_pubkey }, { "peers", skb_rows_peers },
        { "scale", skb_rows_scale },   { "kmip", skb_rows_kmip },
        { "idle", skb_rows_idle },     { "callers", skb_rows_callers },
        { "stream", skb_rows_stream },
    };
    const char *only = getenv("BENCH_ONLY");

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (only == NULL || strcmp(only, groups[i].name) == 0) {
            groups[i].run(bench);
        }
    }
}

int main(int argc, char **argv)
{
    static struct skb_bench bench;
    double runs = read_number("BENCH_RUNS", 15.0);

    bench.seconds = read_number("BENCH_SECONDS", 0.33);
    bench.runs = runs > SKB_RUNS_MAX ? SKB_RUNS_MAX : (unsigned)runs;
    bench.table.runs = bench.runs;
    bench.table.seconds = bench.seconds;
    bench.table.cores = skb_cores();
    bench.table.load = skb_load_average();
    skb_cpu_name(bench.table.cpu);
    raise_limit(RLIMIT_NOFILE);
    raise_limit(RLIMIT_MEMLOCK);
    report_peers();
    skb_pin(SKB_CORE_GENERATOR);
    run_all(&bench);
    skb_table_print(&bench.table, stdout);
    if (argc == 3 && strcmp(argv[1], "--json") == 0 &&
        !skb_table_write_json(&bench.table, argv[2])) {
        (void)fprintf(stderr, "bench: cannot write %s\n", argv[2]);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
