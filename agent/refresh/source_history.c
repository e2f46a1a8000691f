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
        if (seen->error.text[0] == '\0') {
            history[i].last_success_s = seen->at_s;
        }
    }
}

size_t skd_source_history_rows(
    const struct skd_source_history history[SKD_RUN_SOURCES],
    const struct skd_chain *chain,
    struct skp_source_row ret[SKD_RUN_SOURCES])
{
    const struct skd_source *sources[SKD_RUN_SOURCES] = {
        chain->list,
        chain->seeds[0],
        chain->seeds[1],
    };
    size_t n = 0;

    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        if (sources[i] != NULL) {
            ret[n++] = (struct skp_source_row){
                .name = skp_view_of(sources[i]->ops->name),
                .last_attempt_s = history[i].last_attempt_s,
                .last_success_s = history[i].last_success_s,
                .last_error = skp_view_of(history[i].last_error.text),
            };
        }
    }
    return n;
}
