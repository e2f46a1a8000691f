/* rules.h - what a refresh is given: the sources to ask, and the rules by which
 * their answers are taken. */
#ifndef SKD_RULES_H
#define SKD_RULES_H

#include "agent/source/source.h"

/* The sources of one configuration, left to right; moved into the refresher.
 * Without seed sources the list is final: the brake does not hold what is
 * missing from it. */
struct skd_chain {
    struct skd_source *list;
    struct skd_source
        *seeds[2]; /* files, then kmip; NULL where there is none */
};

/* Free all sources of @chain; NULL ones are allowed, and left behind. */
void skd_chain_free(struct skd_chain *chain);

/* True when a seed source follows the list. */
bool skd_chain_has_seeds(const struct skd_chain *chain);

/* What a refresh needs to know of the configuration. */
struct skd_refresh_rules {
    uint64_t update_period_ms; /* 0: never again after the first */
    unsigned keep_generations; /* former keys kept beside the current */
    double removal_brake;
    bool require_active;
    bool single;            /* single-key mode */
    uint64_t demand_gap_ms; /* least time between demand refreshes; 5000, or 0
                             * in dev mode */
    /* Whose certificate is not verified, for a warning at every refresh; NULL:
     * all are. */
    const char *unverified;
};

/* Tell the sources what became of what they gave last; see settle of source.h.
 * @accepted  of the seed sources. */
void skd_chain_settle(struct skd_chain *chain,
                      bool list_accepted,
                      bool accepted);

#endif /* SKD_RULES_H */
