/* source_history.c - how each source did lately; see source_history.h. */
#include "agent/refresh/source_history.h"

void skd_source_history_add(struct skd_source_history history[SKD_RUN_SOURCES],
                            const struct skd_run *run)
{
    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        const struct skd_run_source *seen = &run->sources[i];

        if (!seen->was_asked) {
            continue;
        }
        history[i].last_attempt_s = seen->at_s;
        history[i].last_error = seen->error;
        history[i].n_asked++;
        if (seen->error.text[0] == '\0') {
            history[i].last_success_s = seen->at_s;
            history[i].failures = 0;
        } else {
            history[i].failures++;
            history[i].n_failed++;
        }
    }
}

/* As their histories are: NULL where the chain has none. */
static void in_order(const struct skd_chain *chain,
                     const struct skd_source *ret[SKD_RUN_SOURCES])
{
    ret[0] = chain->list;
    ret[1] = chain->seeds[0];
    ret[2] = chain->seeds[1];
}

void skd_source_history_counts(
    const struct skd_source_history history[SKD_RUN_SOURCES],
    const struct skd_chain *chain,
    struct skd_source_counts ret[SKD_RUN_SOURCES])
{
    const struct skd_source *sources[SKD_RUN_SOURCES];
    size_t n = 0;

    in_order(chain, sources);
    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        if (sources[i] != NULL) {
            ret[n++] = (struct skd_source_counts){ history[i].n_asked,
                                                   history[i].n_failed };
        }
    }
}

size_t skd_source_history_rows(
    const struct skd_source_history history[SKD_RUN_SOURCES],
    const struct skd_chain *chain,
    struct skp_source_row ret[SKD_RUN_SOURCES])
{
    const struct skd_source *sources[SKD_RUN_SOURCES];
    size_t n = 0;

    in_order(chain, sources);
    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        if (sources[i] != NULL) {
            ret[n++] = (struct skp_source_row){
                .name = skp_view_of(sources[i]->ops->name),
                .last_attempt_s = history[i].last_attempt_s,
                .last_success_s = history[i].last_success_s,
                .last_error = skp_view_of(history[i].last_error.text),
                .failures = history[i].failures,
            };
        }
    }
    return n;
}
