/* run_log.c - the lines of log of one refresh; see run_log.h. */
#include "agent/refresh/run_log.h"

#include "agent/refresh/brake.h"
#include "agent/sys/log.h"

static void log_events(const struct skd_events *events)
{
    size_t n_of_kind[SKD_EVENT_COUNT] = { 0 };

    for (size_t i = 0; i < events->n; i++) {
        const struct skd_event_line *line = &events->list[i];
        enum skd_log_level level = skd_event_level(line->kind);
        size_t nth = ++n_of_kind[line->kind];

        skd_log(level, "%s", line->text);
        if (nth == SKD_EVENTS_MAX && nth < events->n_of_kind[line->kind]) {
            skd_log(level,
                    "more than %u tenants have such a line in this refresh: "
                    "the others are left out",
                    SKD_EVENTS_MAX);
        }
    }
}

static void log_sources(const struct skd_run *run)
{
    for (size_t i = 1; i < SKD_RUN_SOURCES; i++) {
        if (run->sources[i].error.text[0] != '\0') {
            skd_log(SKD_LOG_WARN, "%s: %s", run->chain->seeds[i - 1]->ops->name,
                    run->sources[i].error.text);
        }
    }
}

void skd_run_log(const struct skd_run *run)
{
    const struct skd_build *build = &run->build;

    log_events(&build->events);
    log_sources(run);
    if (build->n_held > 0) {
        skd_log(SKD_LOG_ERROR,
                "removal brake: the tenant list lacks %zu of %zu tenants; "
                "they stay until %u lists in a row lack them, or until "
                "`sidekey refresh --accept-removals`",
                build->n_held, skd_snapshot_count(build->snapshot),
                SKD_BRAKE_LISTS);
    }
    skd_log(SKD_LOG_INFO,
            "%s: %zu tenants, %zu new, %zu changed, %zu removed, %zu held, "
            "%zu not reached, in %llu ms",
            run->is_demand ? "refresh on demand" : "refresh",
            skd_snapshot_count(build->snapshot), build->n_new, build->n_changed,
            build->n_removed, build->n_held, build->n_unreached,
            (unsigned long long)(run->ended_ms - run->started_ms));
}
