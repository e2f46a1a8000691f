/* source_history.h - how each source did lately, for `status`. */
#ifndef SKD_SOURCE_HISTORY_H
#define SKD_SOURCE_HISTORY_H

#include "agent/refresh/run.h"

/* Open; zeroed is a source that was never asked. */
struct skd_source_history {
    int64_t last_attempt_s;     /* Unix seconds; 0: never */
    int64_t last_success_s;     /* Unix seconds; 0: never */
    struct skp_diag last_error; /* of the last attempt; empty: it did well */
    uint64_t failures;          /* in a row, up to the last attempt */
    uint64_t n_asked;           /* since the start */
    uint64_t n_failed;          /* of these */
};

/* Add what @run saw of its sources. */
void skd_source_history_add(struct skd_source_history history[SKD_RUN_SOURCES],
                            const struct skd_run *run);

/* How often a source was asked, and failed, since the start. */
struct skd_source_counts {
    uint64_t n_asked;
    uint64_t n_failed;
};

/* Write the counts of each source of @chain that there is, in the order of
 * skd_source_history_rows. */
void skd_source_history_counts(
    const struct skd_source_history history[SKD_RUN_SOURCES],
    const struct skd_chain *chain,
    struct skd_source_counts ret[SKD_RUN_SOURCES]);

/* Write a row for each source of @chain that there is, and return how many.
 * Texts are borrowed from @history and @chain. */
size_t skd_source_history_rows(
    const struct skd_source_history history[SKD_RUN_SOURCES],
    const struct skd_chain *chain,
    struct skp_source_row ret[SKD_RUN_SOURCES]);

#endif /* SKD_SOURCE_HISTORY_H */
