/* request_totals.h - how many requests were answered, how, and how quickly:
 * plain numbers, as they are summed up over all workers.
 */
#ifndef SKD_REQUEST_TOTALS_H
#define SKD_REQUEST_TOTALS_H

#include "protocol/rpc.h"

/* Codes have the gRPC numbers, of which 15 is the last. */
#define SKD_TOTALS_CODES 16u
/* The row of requests whose method could not be told. */
#define SKD_TOTALS_NO_METHOD ((unsigned)SKP_METHOD_COUNT)
#define SKD_TOTALS_METHODS   (SKD_TOTALS_NO_METHOD + 1u)

/* Upper bounds of the histogram of durations, inclusive.  X(nanoseconds, the
 * same in seconds as text): from a public key, microseconds, to a refresh that
 * waits for a key server. */
#define SKD_TOTALS_BOUND_MAP(X) \
    X(5000, "5e-06")            \
    X(10000, "1e-05")           \
    X(25000, "2.5e-05")         \
    X(50000, "5e-05")           \
    X(100000, "0.0001")         \
    X(250000, "0.00025")        \
    X(500000, "0.0005")         \
    X(1000000, "0.001")         \
    X(2500000, "0.0025")        \
    X(10000000, "0.01")         \
    X(100000000, "0.1")         \
    X(1000000000, "1")          \
    X(10000000000, "10")

enum skd_totals_bound {
#define SKD_TOTALS_BOUND_ENUM(ns, text) SKD_TOTALS_BOUND_##ns,
    SKD_TOTALS_BOUND_MAP(SKD_TOTALS_BOUND_ENUM)
#undef SKD_TOTALS_BOUND_ENUM
    SKD_TOTALS_BOUNDS, /* how many there are */
};

struct skd_request_totals {
    uint64_t answered[SKD_TOTALS_METHODS][SKD_TOTALS_CODES];
    /* Durations: how many lie over the bound before and not over this one; the
     * last are over all. */
    uint64_t lasted[SKD_TOTALS_METHODS][SKD_TOTALS_BOUNDS + 1];
    uint64_t sum_ns[SKD_TOTALS_METHODS];
    uint64_t n_over_rate; /* refused for a user's quota of requests */
};

#endif /* SKD_REQUEST_TOTALS_H */
