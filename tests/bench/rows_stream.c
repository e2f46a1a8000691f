/* rows_stream.c - large payloads in this process: chunks alone, then the
 * streams of sidekey_stream.h over 1 GiB and a range out of it; see rows.h. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/cpu.h"
#include "tests/bench/plain.h"
#include "tests/bench/rows.h"
#include "tests/bench/stream_pass.h"

#define MIB (UINT64_C(1) << 20)

/* Passes over the whole object: more tell nothing new. */
#define PASSES_MAX 5u

/* Where the range lies: in the middle of a chunk. */
#define RANGE_AT  (SKB_OBJECT_LEN / 2 + 12345)
#define RANGE_LEN MIB

/* ---- throughput --------------------------------------------------------- */

/* Ours and OpenSSL alone, run in turns. */
struct sides {
    struct skb_series ours;
    struct skb_series plain;
};

/* A row about CPU time; op/s are shown as MiB/s, of which an operation is
 * @mib. */
static void add_row(struct skb_bench *bench,
                    struct skb_row *row,
                    const struct sides *sides,
                    double mib)
{
    struct skb_result ours = skb_series_median(&sides->ours);
    struct skb_result plain = skb_series_median(&sides->plain);

    row->against = "AES-256-GCM, OpenSSL";
    row->sense = SKB_GOAL_AT_LEAST;
    row->goal = 0.90;
    row->value = ours.cpu_us;
    row->peer_value = plain.cpu_us;
    row->ratio = plain.cpu_us / ours.cpu_us;
    ours.per_s = 1e6 / ours.cpu_us * mib;
    plain.per_s = 1e6 / plain.cpu_us * mib;
    skb_row_set_sides(row, &ours, &plain);
    skb_table_add(&bench->table, row);
}

static void
measure_chunks(struct skb_bench *bench, const char *what, bool is_sealing)
{
    struct skb_row row = { .what = what,
                           .note = "MiB/s, not op/s",
                           .unit = "us" };
    struct sides sides = { .ours = { .n = 0 } };

    /* Many short turns: a core's clock changes within a second. */
    for (unsigned i = 0; i < SKB_RUNS_MAX; i++) {
        double seconds = bench->seconds / 5;
        struct skb_result plain = skb_plain_gcm(is_sealing, seconds);
        struct skb_result ours = skb_plain_chunked(is_sealing, seconds);

        skb_series_keep(&sides.plain, &plain);
        skb_series_keep(&sides.ours, &ours);
    }
    add_row(bench, &row, &sides, 1.0 / 64.0);
}

static void measure_streams(struct skb_bench *bench)
{
    static const char note[] =
        "MiB/s of CPU time, not op/s; latencies of 64 KiB";
    struct skb_row seal = { .what = "stream-seal 1 GiB",
                            .note = note,
                            .unit = "us/MiB" };
    struct skb_row open = { .what = "stream-open 1 GiB",
                            .note = note,
                            .unit = "us/MiB" };
    struct sides seals = { .ours = { .n = 0 } };
    struct sides opens = { .ours = { .n = 0 } };

    skb_pin(SKB_CORE_SERVER);
    for (unsigned i = 0; i < bench->runs && i < PASSES_MAX; i++) {
        struct skb_pass plain;
        struct skb_pass ours;

        skb_pass_both(&ours, &plain);
        skb_series_keep(&seals.plain, &plain.seal);
        skb_series_keep(&seals.ours, &ours.seal);
        skb_series_keep(&opens.plain, &plain.open);
        skb_series_keep(&opens.ours, &ours.open);
        seal.n_errors += plain.n_errors + ours.n_errors;
        open.n_errors += plain.n_errors + ours.n_errors;
    }
    skb_pin(SKB_CORE_GENERATOR);
    add_row(bench, &seal, &seals, 1.0);
    add_row(bench, &open, &opens, 1.0);
}

/* ---- memory ------------------------------------------------------------- */

/* What the child has to say. */
struct memory {
    uint64_t start;
    uint64_t peak;
    uint64_t n_errors;
};

static bool measure_child(struct memory *ret)
{
    struct memory memory = { 0 };
    int fds[2];
    pid_t pid;
    bool is_told;

    if (pipe(fds) != 0) {
        return false;
    }
    pid = fork();
    if (pid == 0) {
        memory.start = skb_resident(getpid());
        memory.n_errors = skb_pass_streams().n_errors;
        memory.peak = skb_resident_peak(getpid());
        _exit(write(fds[1], &memory, sizeof memory) == sizeof memory ? 0 : 1);
    }
    (void)close(fds[1]);
    is_told = pid > 0 && read(fds[0], &memory, sizeof memory) == sizeof memory;
    (void)close(fds[0]);
    if (pid > 0) {
        (void)waitpid(pid, NULL, 0);
    }
    *ret = memory;
    return is_told && memory.start > 0 && memory.peak >= memory.start;
}

static void measure_memory(struct skb_bench *bench)
{
    struct skb_row row = { .what = "resident, seal and open 1 GiB",
                           .against = "allowed",
                           .note = "peak above start",
                           .unit = "bytes",
                           .peer_value = 4.0 * (double)MIB,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.0 };
    struct memory memory;

    if (!measure_child(&memory)) {
        skb_table_skip(&bench->table, row.what, "no figures of a child");
        return;
    }
    row.value = (double)(memory.peak - memory.start);
    row.ratio = row.value / row.peer_value;
    row.n_errors = memory.n_errors;
    skb_table_add(&bench->table, &row);
}

/* ---- a range ------------------------------------------------------------ */

/* A piece of an envelope. */
struct part {
    uint64_t at;
    struct skp_view bytes;
};

/* A store that keeps what will be asked of it: [at, at + len) of an envelope.
 */
struct wanted {
    uint64_t at;
    uint64_t len;
    uint8_t *kept;
    uint64_t kept_len;
};

static void keep_wanted(struct wanted *wanted, const struct part *part)
{
    uint64_t end = wanted->at + wanted->len;
    uint64_t part_end = part->at + part->bytes.len;
    uint64_t from = part->at > wanted->at ? part->at : wanted->at;
    uint64_t to = part_end < end ? part_end : end;

    if (from < to) {
        memcpy(wanted->kept + (from - wanted->at),
               part->bytes.ptr + (from - part->at), (size_t)(to - from));
        wanted->kept_len += to - from;
    }
}

/* Seal the object, and keep of it what is wanted. */
static bool make_object(struct skb_streams *streams,
                        struct wanted *head,
                        struct wanted *chunks)
{
    struct part part = { 0, { NULL, 0 } };

    for (uint64_t nth = 0; nth < SKB_PIECES; nth++) {
        if (!skb_streams_seal(streams, nth, &part.bytes)) {
            return false;
        }
        keep_wanted(head, &part);
        keep_wanted(chunks, &part);
        part.at += part.bytes.len;
    }
    return true;
}

/* What is fetched of the object for a range. */
struct request {
    struct sidekey_range_plan plan;
    uint8_t head[SIDEKEY_HEAD_MAX];
    uint8_t chunks[2 * RANGE_LEN];
    uint64_t head_len;
    uint64_t chunks_len;
};

static bool plan_range(struct request *request)
{
    static const struct sidekey_range range = { RANGE_AT, RANGE_LEN, false };
    uint64_t size;

    return sidekey_envelope_size(SIDEKEY_SUITE_ANY, false, SKB_OBJECT_LEN,
                                 &size) == SIDEKEY_OK &&
           sidekey_range_plan(SIDEKEY_SUITE_ANY, false, size, &range,
                              &request->plan) == SIDEKEY_OK &&
           request->plan.head_len <= sizeof request->head &&
           request->plan.chunks_len <= sizeof request->chunks;
}

static bool fetch_range(struct skb_streams *streams, struct request *request)
{
    struct wanted head = { 0, request->plan.head_len, request->head, 0 };
    struct wanted chunks = { request->plan.chunks_at, request->plan.chunks_len,
                             request->chunks, 0 };
    bool is_fetched = make_object(streams, &head, &chunks);

    request->head_len = head.kept_len;
    request->chunks_len = chunks.kept_len;
    return is_fetched;
}

/* True when it opens to what stands there. */
static bool open_range(struct skb_streams *streams,
                       const struct request *request)
{
    static uint8_t out[RANGE_LEN];
    const struct sidekey_range_bytes fetched = { request->head,
                                                 (size_t)request->head_len,
                                                 request->chunks,
                                                 (size_t)request->chunks_len };
    struct sidekey_data_key key;
    size_t len = 0;

    return skb_streams_unwrap(streams, request->head, &key) &&
           sidekey_range_open(&key, &request->plan, NULL, &fetched, out,
                              sizeof out, &len) == SIDEKEY_OK &&
           len == RANGE_LEN && skb_is_object(RANGE_AT, out, len);
}

static void measure_range(struct skb_bench *bench)
{
    struct skb_row row = { .what = "range of 1 MiB in 1 GiB, fetched",
                           .against = "bytes asked for",
                           .note = "head and chunks",
                           .unit = "bytes",
                           .peer_value = (double)RANGE_LEN,
                           .sense = SKB_GOAL_AT_MOST,
                           .goal = 1.10 };
    struct skb_streams streams;
    static struct request request;

    if (!skb_streams_begin(&streams) || !plan_range(&request) ||
        !fetch_range(&streams, &request) || !open_range(&streams, &request)) {
        row.n_errors = 1;
    }
    skb_streams_end(&streams);
    row.value = (double)(request.head_len + request.chunks_len);
    row.ratio = row.value / row.peer_value;
    skb_table_add(&bench->table, &row);
}

void skb_rows_stream(struct skb_bench *bench)
{
    measure_chunks(bench, "sealing chunks of 16 KiB", true);
    measure_chunks(bench, "opening chunks of 16 KiB", false);
    measure_streams(bench);
    measure_memory(bench);
    measure_range(bench);
}
