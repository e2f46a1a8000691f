/* rows_idle.c - memory of idle connections; see rows.h. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/scale.h"
#include "tests/bench/tenants.h"

/* Open connections until there are @wanted, each of which has asked once. */
static size_t open_idle(const struct skb_host *host,
                        const struct skb_script *script,
                        int *fds,
                        size_t there,
                        size_t wanted)
{
    uint8_t answer[SKB_MESSAGE_MAX];

    while (there < wanted) {
        int fd = skb_connect(host->socket);

        if (fd < 0) {
            break;
        }
        fds[there] = fd;
        if (write(fd, script->requests, script->request_len) !=
                (ssize_t)script->request_len ||
            read(fd, answer, script->answer_len) !=
                (ssize_t)script->answer_len) {
            (void)close(fd);
            break;
        }
        there++;
    }
    return there;
}

static void measure_idle(struct skb_bench *bench, const struct skb_host *host)
{
    static const struct {
        const char *what;
        size_t n;
    } steps[] = { { "resident, 1,000 idle connections", 1000 },
                  { "resident, 10,000 idle connections", 10000 } };
    double before = (double)skb_resident(host->pid);
    struct skb_envelopes envelopes;
    struct skb_script script;
    int *fds = calloc(steps[1].n, sizeof *fds);
    size_t there = 0;

    skb_envelopes_init(&envelopes, SKP_SUITE_X25519_AES256CTR, 1, 1);
    skb_script_make(&script, SKP_METHOD_PUBKEY, &envelopes);
    for (size_t i = 0; i < 2 && fds != NULL; i++) {
        there = open_idle(host, &script, fds, there, steps[i].n);
        if (there < steps[i].n) {
            skb_table_skip(&bench->table, steps[i].what,
                           "fewer connections were possible");
            break;
        }
        skb_add_bytes(
            bench, steps[i].what, "allowed each",
            ((double)skb_resident(host->pid) - before) / (double)there, 4096.0);
    }
    for (size_t i = 0; i < there; i++) {
        (void)close(fds[i]);
    }
    free(fds);
    skb_script_done(&script);
    skb_envelopes_done(&envelopes);
}

void skb_rows_idle(struct skb_bench *bench)
{
    static const struct skb_host_config config = {
        .name = "idle",
        .n_tenants = 1,
        .seeds = SKB_SEEDS_LOCAL,
        .workers = 1,
        .cores = SKB_CORE_BOTH,
    };
    struct skb_host host;

    if (!skb_host_start(&host, &config)) {
        skb_table_skip(&bench->table, "idle connections",
                       "sidekeyd did not start");
        return;
    }
    measure_idle(bench, &host);
    skb_host_stop(&host);
}
