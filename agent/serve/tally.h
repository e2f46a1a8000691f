/* tally.h - counts the requests that one thread answers.
 *
 * One thread writes, with plain loads and stores that are atomic but order
 * nothing: no lock, no allocation.  Others may read at any time; what they see
 * of two counters may be a request apart, and durations come a batch later.
 *
 * A request begins when the answer before it was ready or, for the first of a
 * batch, when its bytes were read; so that it takes one look at the clock.  Of
 * pubkeys at full load that was 5 % of the CPU time: quick requests that follow
 * each other in a batch are timed together, and each is said to have lasted
 * their mean.
 */
#ifndef SKD_TALLY_H
#define SKD_TALLY_H

#include <stdatomic.h>

#include "agent/sys/request_totals.h"

/* Open, to be embedded; zeroed is empty. */
struct skd_tally {
    _Atomic uint64_t answered[SKD_TOTALS_METHODS][SKD_TOTALS_CODES];
    _Atomic uint64_t lasted[SKD_TOTALS_METHODS][SKD_TOTALS_BOUNDS + 1];
    _Atomic uint64_t sum_ns[SKD_TOTALS_METHODS];
    _Atomic uint64_t n_over_rate;
    uint64_t since_ns;                  /* the writer's, as all below */
    uint64_t n_quick;                   /* answered since, and not timed yet */
    uint32_t quick[SKD_TOTALS_METHODS]; /* of each method */
};

/* The clock that durations are measured by: monotonic, for nothing else. */
uint64_t skd_tally_now_ns(void);

/* A batch of requests begins at @now_ns. */
void skd_tally_begin(struct skd_tally *tally, uint64_t now_ns);

/* Count one answer that is ready at @now_ns; the next request begins.  Quick
 * ones that were not timed share the time with it.
 * @method  SKP_METHOD_COUNT when it could not be told. */
void skd_tally_answer(struct skd_tally *tally,
                      enum skp_method method,
                      enum skp_err err,
                      uint64_t now_ns);

/* Count one answer that was ready soon; skd_tally_end will tell when. */
void skd_tally_quick(struct skd_tally *tally,
                     enum skp_method method,
                     enum skp_err err);

/* Time the quick answers since the last look at the clock, at @now_ns; the next
 * request begins. */
void skd_tally_end(struct skd_tally *tally, uint64_t now_ns);

/* Count one request that a user's quota refuses; besides its answer. */
void skd_tally_over_rate(struct skd_tally *tally);

/* Add the counts to @totals.  Any thread. */
void skd_tally_sum(const struct skd_tally *tally,
                   struct skd_request_totals *totals);

#endif /* SKD_TALLY_H */
