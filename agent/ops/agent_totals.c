/* agent_totals.c - what was done since the start; see agent_totals.h. */
#include "agent/ops/agent_totals.h"

static const uint64_t bounds_ns[] = {
#define BOUND_NS(ns, text) (ns),
    SKD_TOTALS_BOUND_MAP(BOUND_NS)
#undef BOUND_NS
};

static const char *name_of_method(unsigned method)
{
    return method == SKD_TOTALS_NO_METHOD
               ? "none"
               : skp_method_name((enum skp_method)method);
}

static bool was_used(const uint64_t answered[SKD_TOTALS_CODES])
{
    for (size_t i = 0; i < SKD_TOTALS_CODES; i++) {
        if (answered[i] > 0) {
            return true;
        }
    }
    return false;
}

void skd_agent_totals_compose(const struct skd_request_totals *requests,
                              size_t n_workers,
                              struct skd_agent_totals *totals,
                              struct skp_totals *ret)
{
    size_t n = 0;

    for (unsigned i = 0; i < SKD_TOTALS_METHODS; i++) {
        if (was_used(requests->answered[i])) {
            totals->rows[n++] = (struct skp_requests_row){
                .method = skp_view_of(name_of_method(i)),
                .answered = { requests->answered[i], SKD_TOTALS_CODES },
                .lasted = { requests->lasted[i], SKD_TOTALS_BOUNDS + 1 },
            };
        }
    }
    ret->workers_us = (struct skp_counts){ totals->workers_us, n_workers };
    ret->bounds_ns = (struct skp_counts){ bounds_ns, SKP_ARRAY_LEN(bounds_ns) };
    ret->requests = totals->rows;
    ret->n_requests = n;
}
