/* rows.h - what is measured: each function adds its rows to the table. */
#ifndef SKB_ROWS_H
#define SKB_ROWS_H

#include "tests/bench/series.h"

struct skb_bench {
    struct skb_table table;
    double seconds; /* of one measurement */
    unsigned runs;  /* the median of which is shown; at most SKB_RUNS_MAX */
};

/* Throughput of unwrap, decrypt and encrypt against plain loops. */
void skb_rows_crypto(struct skb_bench *bench);

/* What two workers need for an operation, against one. */
void skb_rows_workers(struct skb_bench *bench);

/* Throughput and latency of pubkey against other servers. */
void skb_rows_pubkey(struct skb_bench *bench);

/* Throughput of unwrap against other agents that hold private keys. */
void skb_rows_peers(struct skb_bench *bench);

/* Memory, start and lookups with many tenants; latency under a refresh. */
void skb_rows_scale(struct skb_bench *bench);

/* The first refresh of private tenants behind a key server that is far away. */
void skb_rows_kmip(struct skb_bench *bench);

/* Memory of idle connections. */
void skb_rows_idle(struct skb_bench *bench);

/* The p99 of a quiet user, beside one that floods the agent; needs root to
 * become the other. */
void skb_rows_callers(struct skb_bench *bench);

/* Sealing and opening large payloads in this process: time, memory, and how
 * much is fetched for a range. */
void skb_rows_stream(struct skb_bench *bench);

#endif /* SKB_ROWS_H */
