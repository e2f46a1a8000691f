/* rows_swap.c - what a request in flight sees of a new snapshot; see scale.h.
 *
 * Every refresh gives one tenant of SKB_MANY another key, so that a complete
 * new snapshot takes the old one's place.  Some connections ask for that
 * tenant's public key all the time, together: the answers of the round that
 * first has the new key belong to requests that were in flight at the swap.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lister.h"
#include "tests/bench/scale.h"
#include "tests/bench/tenants.h"

#define N_SWAPS       25u
#define N_CONNECTIONS 8u
#define LIMIT_US      1000.0
#define SEEN_S        1

struct watch {
    struct skb_host host;
    struct skb_lister *lister;
    uint8_t request[SKB_MESSAGE_MAX];
    size_t request_len;
    size_t answer_len; /* of each: the generation, its last byte, stays below
                        * 128 */
    int fds[N_CONNECTIONS];
    atomic_uint n_swaps; /* that the refreshing thread is through with */
    atomic_uint n_errors;
    unsigned n_seen;
    sem_t seen;         /* posted for each */
    uint8_t generation; /* the newest that was answered */
    struct skb_latencies in_flight;
    struct skb_latencies others;
};

/* Making the next list takes milliseconds of the core on which the requests are
 * made: not before the last swap has been seen. */
static void await_seen(struct watch *watch)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SEEN_S;
    /* One that is never seen is missing in the end. */
    (void)sem_timedwait(&watch->seen, &until);
}

static void *keep_changing(void *arg)
{
    struct watch *watch = arg;

    for (unsigned i = 0; i < N_SWAPS; i++) {
        if (i > 0) {
            await_seen(watch);
        }
        skb_lister_change(watch->lister);
        if (sidekey_refresh(watch->host.client, false, SKB_CALL_MS) !=
            SIDEKEY_OK) {
            watch->n_errors++;
        }
        atomic_fetch_add(&watch->n_swaps, 1);
    }
    return NULL;
}

static bool read_all(int fd, uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, bytes, len);

        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static uint8_t generation_of(const struct watch *watch, const uint8_t *answer)
{
    return answer[watch->answer_len - 1];
}

/* Ask on all connections, and take all answers.  False when one is missing, or
 * of a generation before the last round's.  In the round of a swap some may be
 * of before it, in any order. */
static bool ask_round(struct watch *watch)
{
    uint64_t sent_ns[N_CONNECTIONS];
    uint64_t took_ns[N_CONNECTIONS];
    uint8_t answer[SKB_MESSAGE_MAX];
    uint8_t newest = watch->generation;
    bool is_new = false;

    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        sent_ns[i] = skb_now_ns();
        if (write(watch->fds[i], watch->request, watch->request_len) !=
            (ssize_t)watch->request_len) {
            return false;
        }
    }
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        if (!read_all(watch->fds[i], answer, watch->answer_len)) {
            return false;
        }
        took_ns[i] = skb_now_ns() - sent_ns[i];
        if (generation_of(watch, answer) < watch->generation) {
            return false;
        }
        if (generation_of(watch, answer) > newest) {
            newest = generation_of(watch, answer);
        }
    }
    is_new = newest != watch->generation;
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        skb_latencies_count(is_new ? &watch->in_flight : &watch->others,
                            took_ns[i]);
    }
    if (is_new) {
        watch->n_seen++;
        (void)sem_post(&watch->seen);
    }
    watch->generation = newest;
    return true;
}

/* Ask once, of the tenant that changes, to learn what an answer looks like. */
static bool ask_first(struct watch *watch)
{
    struct skb_tenant tenant;
    struct skp_buf request =
        skp_buf_over(watch->request, sizeof watch->request);
    struct skp_request asked = { .msgid = 1, .method = SKP_METHOD_PUBKEY };
    uint8_t answer[SKB_MESSAGE_MAX];
    ssize_t n;

    skb_tenant_name(SKB_MANY - 1, &tenant);
    asked.tenant = skp_view_of(tenant.id);
    if (skp_request_encode(&asked, &request) != SKP_ERR_OK) {
        return false;
    }
    watch->request_len = request.len;
    if (write(watch->fds[0], request.ptr, request.len) !=
        (ssize_t)request.len) {
        return false;
    }
    n = read(watch->fds[0], answer, sizeof answer);
    watch->answer_len = n > 0 ? (size_t)n : 0;
    if (n > 0) {
        watch->generation = generation_of(watch, answer);
    }
    return n > 0;
}

static bool start(struct watch *watch)
{
    const struct skb_list list = { .name = "swapped", .n_tenants = SKB_MANY };
    struct skb_host_config config = { .name = "swapped",
                                      .n_tenants = SKB_MANY,
                                      .seeds = SKB_SEEDS_LIST,
                                      .workers = 1,
                                      .cores = SKB_CORE_BOTH };

    watch->lister = skb_lister_start(&list);
    config.url = skb_lister_url(watch->lister);
    if (!skb_host_start(&watch->host, &config)) {
        return false;
    }
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        watch->fds[i] = skb_connect(watch->host.socket);
    }
    return ask_first(watch);
}

static void run(struct watch *watch)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, keep_changing, watch) != 0) {
        watch->n_errors++;
        return;
    }
    while (atomic_load(&watch->n_swaps) < N_SWAPS) {
        if (!ask_round(watch)) {
            watch->n_errors++;
            break;
        }
    }
    (void)pthread_join(thread, NULL);
    /* The last swap may be seen after its refresh has been answered. */
    (void)ask_round(watch);
    watch->n_errors += watch->n_seen != N_SWAPS;
}

static void add_row(struct skb_bench *bench, const struct watch *watch)
{
    static char note[64];
    struct skb_row row = { .what = "pubkey in flight at a swap, 100,000",
                           .against = "allowed",
                           .note = note,
                           .unit = "us p99",
                           .peer_value = LIMIT_US,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.0,
                           .n_errors = watch->n_errors };

    (void)snprintf(note, sizeof note, "p99 of the others: %.0f us",
                   skb_latencies_us(&watch->others, 0.99));
    row.p50_us = skb_latencies_us(&watch->in_flight, 0.5);
    row.p99_us = skb_latencies_us(&watch->in_flight, 0.99);
    row.p999_us = skb_latencies_us(&watch->in_flight, 0.999);
    row.value = row.p99_us;
    row.ratio = row.value / row.peer_value;
    skb_table_add(&bench->table, &row);
}

void skb_add_swaps(struct skb_bench *bench)
{
    static struct watch watch;

    watch = (struct watch){ .host = { .pid = -1 } };
    (void)sem_init(&watch.seen, 0, 0);
    if (start(&watch)) {
        run(&watch);
        add_row(bench, &watch);
    } else {
        skb_table_skip(&bench->table, "pubkey in flight at a swap",
                       "sidekeyd did not start");
    }
    skb_host_stop(&watch.host);
    skb_lister_stop(&watch.lister);
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        if (watch.fds[i] > 0) {
            (void)close(watch.fds[i]);
        }
    }
}
