/* rows.h - what is measured: each function adds its rows to the table. */
#ifndef SKB_ROWS_H
#define SKB_ROWS_H

#include "tests/bench/table.h"

#define SKB_RUNS_MAX 15u

struct skb_bench {
    struct skb_table table;
    double seconds; /* of one measurement */
    unsigned runs;  /* the median of which is shown; at most SKB_RUNS_MAX */
    bool is_large;  /* also measure with a million tenants */
};

/* Throughput of unwrap, decrypt and encrypt against plain loops. */
void skb_rows_crypto(struct skb_bench *bench);

/* Throughput and latency of pubkey against other servers. */
void skb_rows_pubkey(struct skb_bench *bench);

/* Memory, start and lookups with many tenants; latency under a refresh. */
void skb_rows_scale(struct skb_bench *bench);

/* Memory of idle connections. */
void skb_rows_idle(struct skb_bench *bench);

/* Sealing and opening large payloads in this process: time, memory, and how
 * much is fetched for a range. */
void skb_rows_stream(struct skb_bench *bench);

#endif /* SKB_ROWS_H */
