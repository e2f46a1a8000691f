/* events.h - what a refresh found worth a line of log.
 *
 * build collects them in the pool thread, as sentences, and the refresher
 * prints them on the main loop.
 *
 * Secrets:  key ids only.
 */
#ifndef SKD_EVENTS_H
#define SKD_EVENTS_H

#include "agent/sys/log.h"
#include "protocol/bytes.h"
#include "protocol/limits.h"

enum skd_event_kind {
    SKD_EVENT_FIRST_KEY,
    SKD_EVENT_KEY_CHANGED,
    SKD_EVENT_UNREACHED,
    SKD_EVENT_ABSENT,
    SKD_EVENT_DUPLICATE,
    SKD_EVENT_UNUSABLE,
    SKD_EVENT_LIST_REFUSED,
    SKD_EVENT_ACTIVE,
    SKD_EVENT_PRE_ACTIVE,
    SKD_EVENT_DEACTIVATED,
    SKD_EVENT_COMPROMISED,
    SKD_EVENT_DESTROYED,
    SKD_EVENT_REMOVED,
    SKD_EVENT_COUNT,
};

struct skd_event {
    enum skd_event_kind kind;
    struct skp_view tenant; /* borrowed */
    const char *reason;     /* borrowed, or NULL */
    bool has_key; /* the tenant is served, with a last good key maybe */
    uint8_t old_id[SKP_KEY_ID_LEN]; /* KEY_CHANGED */
    uint8_t new_id[SKP_KEY_ID_LEN]; /* FIRST_KEY, KEY_CHANGED */
    uint64_t generation;
};

/* Events of one kind that are kept, and so lines of one kind that one refresh
 * may write: a first load has a first key for each tenant. */
#define SKD_EVENTS_MAX 1000u

#define SKD_EVENT_TEXT_MAX 512u

struct skd_event_line {
    enum skd_event_kind kind;
    char text[SKD_EVENT_TEXT_MAX];
};

/* Open, so that it can be embedded.  Zeroed is empty. */
struct skd_events {
    struct skd_event_line *list;
    size_t n;
    size_t cap;
    size_t n_of_kind[SKD_EVENT_COUNT]; /* those that were not kept included */
};

/* Count @event, and append its sentence unless there are enough of its kind.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_events_add(struct skd_events *events,
                                           const struct skd_event *event);
void skd_events_done(struct skd_events *events);

/* How loud an event of that kind is. */
enum skd_log_level skd_event_level(enum skd_event_kind kind);

/* The sentence for people; cut to fit. */
void skd_event_text(const struct skd_event *event,
                    char ret[SKD_EVENT_TEXT_MAX]);

#endif /* SKD_EVENTS_H */
