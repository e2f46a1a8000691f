/* events.c - lines of log of a refresh; see events.h. */
#include "agent/refresh/events.h"

#include <stdio.h>
#include <stdlib.h>

enum skd_log_level skd_event_level(enum skd_event_kind kind)
{
    switch (kind) {
    case SKD_EVENT_FIRST_KEY:
        return SKD_LOG_DEBUG;
    case SKD_EVENT_ACTIVE:
    case SKD_EVENT_REMOVED:
        return SKD_LOG_INFO;
    case SKD_EVENT_COMPROMISED:
    case SKD_EVENT_DESTROYED:
        return SKD_LOG_ERROR;
    case SKD_EVENT_KEY_CHANGED:
    case SKD_EVENT_UNREACHED:
    case SKD_EVENT_ABSENT:
    case SKD_EVENT_DUPLICATE:
    case SKD_EVENT_UNUSABLE:
    case SKD_EVENT_LIST_REFUSED:
    case SKD_EVENT_PRE_ACTIVE:
    case SKD_EVENT_DEACTIVATED:
    case SKD_EVENT_COUNT:
    default:
        return SKD_LOG_WARN;
    }
}

/* What stands before and after the tenant's id.  Operators search for some of
 * these letter by letter. */
static const struct {
    const char *before;
    const char *after;
} words[SKD_EVENT_COUNT] = {
    [SKD_EVENT_FIRST_KEY] = { "tenant ", ": first key" },
    [SKD_EVENT_KEY_CHANGED] = { "tenant ", ": key changed" },
    [SKD_EVENT_UNREACHED] = { "periodical update: failed to get key for "
                              "tenant ",
                              "" },
    [SKD_EVENT_ABSENT] = { "key not found for private tenantID ", "" },
    [SKD_EVENT_DUPLICATE] = { "duplicate objects for tenant ", "" },
    [SKD_EVENT_UNUSABLE] = { "tenant ", ": its seed is unusable" },
    [SKD_EVENT_LIST_REFUSED] = { "tenant ", ": it is private, the seed that "
                                            "the tenant list has for it is "
                                            "refused" },
    [SKD_EVENT_ACTIVE] = { "tenant ", ": key is Active again" },
    [SKD_EVENT_PRE_ACTIVE] = { "tenant ", ": key is Pre-Active, used all the "
                                          "same" },
    [SKD_EVENT_DEACTIVATED] = { "tenant ", ": key is Deactivated, it only "
                                           "decrypts" },
    [SKD_EVENT_COMPROMISED] = { "tenant ", ": key is Compromised, it only "
                                           "decrypts" },
    [SKD_EVENT_DESTROYED] = { "tenant ", ": key is Destroyed, dropped" },
    [SKD_EVENT_REMOVED] = { "tenant ", ": not in the tenant list any more, "
                                       "keys dropped" },
};

static void print_keys(const struct skd_event *event, char *ret, size_t cap)
{
    char old_id[2 * SKP_KEY_ID_LEN + 1];
    char new_id[2 * SKP_KEY_ID_LEN + 1];

    skp_hex(event->old_id, SKP_KEY_ID_LEN, old_id);
    skp_hex(event->new_id, SKP_KEY_ID_LEN, new_id);
    if (event->kind == SKD_EVENT_KEY_CHANGED) {
        (void)snprintf(ret, cap, " from %s to %s (generation %llu)", old_id,
                       new_id, (unsigned long long)event->generation);
    } else if (event->kind == SKD_EVENT_FIRST_KEY) {
        (void)snprintf(ret, cap, " %s (generation %llu)", new_id,
                       (unsigned long long)event->generation);
    }
}

void skd_event_text(const struct skd_event *event, char ret[SKD_EVENT_TEXT_MAX])
{
    char keys[96] = "";
    bool has_reason = event->reason != NULL && event->reason[0] != '\0';

    print_keys(event, keys, sizeof keys);
    if (event->has_key && (event->kind == SKD_EVENT_ABSENT ||
                           event->kind == SKD_EVENT_DUPLICATE)) {
        (void)snprintf(keys, sizeof keys, "; its last good key stays");
    }
    (void)snprintf(ret, SKD_EVENT_TEXT_MAX, "%s%.*s%s%s%s%s",
                   words[event->kind].before, (int)event->tenant.len,
                   (const char *)event->tenant.ptr, words[event->kind].after,
                   keys, has_reason ? ": " : "",
                   has_reason ? event->reason : "");
}

static enum skp_err make_room(struct skd_events *events)
{
    size_t cap = events->cap == 0 ? 16 : 2 * events->cap;
    struct skd_event_line *list;

    if (events->n < events->cap) {
        return SKP_ERR_OK;
    }
    list = reallocarray(events->list, cap, sizeof *list);
    if (list == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    events->list = list;
    events->cap = cap;
    return SKP_ERR_OK;
}

enum skp_err skd_events_add(struct skd_events *events,
                            const struct skd_event *event)
{
    struct skd_event_line *line;

    if (events->n_of_kind[event->kind] >= SKD_EVENTS_MAX) {
        events->n_of_kind[event->kind]++;
        return SKP_ERR_OK;
    }
    SKP_TRY(make_room(events));
    line = &events->list[events->n++];
    line->kind = event->kind;
    skd_event_text(event, line->text);
    events->n_of_kind[event->kind]++;
    return SKP_ERR_OK;
}

void skd_events_done(struct skd_events *events)
{
    free(events->list);
    *events = (struct skd_events){ .list = NULL };
}
