/* scale.h - what the files of skb_rows_scale share: sizes, and one function for
 * each kind of row. */
#ifndef SKB_SCALE_H
#define SKB_SCALE_H

#include "tests/bench/host.h"
#include "tests/bench/rows.h"

#define SKB_CALL_MS  120000u /* patience with one call of the client */
#define SKB_FEW      1000u
#define SKB_MANY     100000u
#define SKB_ENORMOUS 1000000u

/* A row of bytes, @goal of which are allowed. */
void skb_add_bytes(struct skb_bench *bench,
                   const char *what,
                   const char *against,
                   double bytes,
                   double goal);

/* Start sidekeyd on both cores with a list of @n tenants in files. */
bool skb_start_list(struct skb_host *host, const char *name, size_t n);

/* rows_lookup.c: pubkey of tenants all over @many, against @few. */
void skb_add_lookups(struct skb_bench *bench,
                     const char *what,
                     const struct skb_host *few,
                     const struct skb_host *many,
                     size_t n_many);

/* rows_latency.c: unwrap while @many (SKB_MANY tenants) is refreshed. */
void skb_add_latency(struct skb_bench *bench, struct skb_host *many);

/* rows_swap.c: requests in flight while snapshots are replaced. */
void skb_add_swaps(struct skb_bench *bench);

/* rows_refresh.c: start sidekeyd with @n tenants, all public, from a
 * Coordinator over HTTP; a row for that first refresh, and one for those in
 * which nothing has changed.  The host is to be stopped, then the lister; false
 * when it did not start. */
struct skb_lister;
bool skb_add_first(struct skb_bench *bench,
                   size_t n,
                   struct skb_host *host,
                   struct skb_lister **lister,
                   double *cpu_s); /* of the agent until it was ready */
void skb_add_unchanged(struct skb_bench *bench,
                       const struct skb_host *host,
                       const struct skb_lister *lister,
                       double first_s); /* CPU time of the first */

#endif /* SKB_SCALE_H */
