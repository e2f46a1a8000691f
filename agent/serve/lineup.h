/* lineup.h - the next requests of a connection, read before their turn.
 *
 * Of many tenants' rows and keys most are in no cache, and one request after
 * the other would wait for memory three times.  So pubkeys that wait in the
 * same bytes are read first, their tenants found together
 * (skd_snapshot_search), and then answered one by one.  Nothing is decided
 * here: a request is answered the same whether others were read with it or not.
 *
 * Thread:   the worker's.
 */
#ifndef SKD_LINEUP_H
#define SKD_LINEUP_H

#include "agent/serve/handler.h"

struct skd_connection;

/* As many as a core fetches from memory at once, or somewhat more. */
#define SKD_LINEUP_MAX 16u

/* One request. */
struct skd_lined {
    struct skp_request request;     /* its views are of the bytes */
    size_t len;                     /* of its message */
    const struct skd_tenant *found; /* see skd_handler_run */
};

/* Open, to be embedded; zeroed is empty. */
struct skd_lineup {
    struct skd_lined lined[SKD_LINEUP_MAX];
    struct skd_search searches[SKD_LINEUP_MAX]; /* while it searches */
    size_t n;
    size_t next;
};

/* Take the request at the start of @bytes; when none was read before, it is
 * read, and with it at most @n_max - 1 of those that follow.  NULL when it is
 * no right request, or not whole.
 * @bytes   what is left of those given before, or anything after a clear.
 * @n_max   1 or more. */
const struct skd_lined *skd_lineup_take(struct skd_lineup *lineup,
                                        struct skd_connection *connection,
                                        struct skp_view bytes,
                                        size_t n_max,
                                        uint64_t now_ms);

/* Forget what was read; before other bytes, and before keys may change. */
void skd_lineup_clear(struct skd_lineup *lineup);

#endif /* SKD_LINEUP_H */
