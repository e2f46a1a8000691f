/* cli_rates.h - what an agent does in a second, from two readings of what it
 * has done since its start.
 */
#ifndef SKC_CLI_RATES_H
#define SKC_CLI_RATES_H

#include "libclient/sidekey.h"
#include "protocol/base.h"

#define SKC_RATES_METHODS 32u
#define SKC_RATES_CODES   16u

/* One answer to `status`. */
struct skc_reading {
    struct sidekey_agent_status status;
    struct sidekey_agent_totals totals;
};

enum skc_rates_kind {
    SKC_RATES_NONE,     /* one reading, or two of the same moment */
    SKC_RATES_UNTOLD,   /* an older agent, without totals */
    SKC_RATES_RESTART,  /* another agent than before: all counts began anew */
    SKC_RATES_MEASURED, /* only now are the numbers below set */
};

/* Requests of one method, or of all. */
struct skc_method_rate {
    double per_s;
    double errors_per_s; /* of these, with another code than OK */
    /* What half, and 99 of a hundred, lasted at most, as far as the bounds of
     * the agent tell; 0: there were none, UINT64_MAX: over the last bound. */
    uint64_t p50_ns;
    uint64_t p99_ns;
};

struct skc_rates {
    enum skc_rates_kind kind;
    struct skc_method_rate all;
    struct skc_method_rate methods[SKC_RATES_METHODS]; /* in the order of the
                                                        * later reading */
    double codes_per_s[SKC_RATES_CODES];
    double connections_refused_per_s;
    double requests_refused_per_s;
    double busy_mean; /* share of its time that a worker had a CPU */
    double busy_most;
};

/* Compare two readings of one socket.
 * @before  NULL: there is only one yet. */
void skc_rates_between(const struct skc_reading *before,
                       const struct skc_reading *now,
                       struct skc_rates *ret);

#endif /* SKC_CLI_RATES_H */
