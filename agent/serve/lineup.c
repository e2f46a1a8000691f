/* lineup.c - the next requests of a connection; see lineup.h. */
#include "agent/serve/lineup.h"

#include "agent/serve/connection_parts.h"

/* Read the message at the start of @bytes; false when it is no right request.
 */
static bool
read_one(struct skd_desk *desk, struct skp_view bytes, struct skd_lined *ret)
{
    struct skp_refusal refusal = { false, 0 };

    ret->found = NULL;
    return skp_request_read(desk->scratch, bytes, &ret->request, &ret->len,
                            &refusal, NULL) == SKP_ERR_OK;
}

/* Read pubkeys behind @at for as long as there are some.  One is small; what
 * others need of the scratch may not wait in it. */
static void read_more(struct skd_lineup *lineup,
                      struct skd_desk *desk,
                      struct skp_view bytes,
                      size_t n_max)
{
    while (lineup->n < n_max && bytes.len > 0) {
        struct skd_lined *next = &lineup->lined[lineup->n];

        if (!read_one(desk, bytes, next) ||
            next->request.method != SKP_METHOD_PUBKEY) {
            return;
        }
        bytes.ptr += next->len;
        bytes.len -= next->len;
        lineup->n++;
    }
}

/* A caller who may not ask for all tenants learns nothing from the time that
 * looking for one takes: its requests wait for their turns. */
static bool may_search(const struct skd_connection *connection)
{
    const struct skd_served *served = &connection->desk->served;

    return served->snapshot != NULL &&
           skd_policy_allows_all(&served->policy, &connection->peer,
                                 SKD_RIGHT_PUBKEY);
}

static void search(struct skd_lineup *lineup,
                   const struct skd_snapshot *snapshot)
{
    struct skd_search *searches = lineup->searches;

    for (size_t i = 0; i < lineup->n; i++) {
        searches[i].id = lineup->lined[i].request.tenant;
    }
    skd_snapshot_search(snapshot, searches, lineup->n);
    for (size_t i = 0; i < lineup->n; i++) {
        lineup->lined[i].found = searches[i].found;
    }
}

static void fill(struct skd_lineup *lineup,
                 struct skd_connection *connection,
                 struct skp_view bytes,
                 size_t n_max,
                 uint64_t now_ms)
{
    struct skd_desk *desk = connection->desk;
    struct skd_lined *first = &lineup->lined[0];

    skd_lineup_clear(lineup);
    if (!read_one(desk, bytes, first)) {
        return;
    }
    lineup->n = 1;
    if (first->request.method != SKP_METHOD_PUBKEY || first->len == bytes.len ||
        !may_search(connection)) {
        return;
    }
    n_max = skd_connection_may_ask(connection, now_ms, n_max);
    bytes.ptr += first->len;
    bytes.len -= first->len;
    read_more(lineup, desk, bytes, n_max);
    if (lineup->n > 1) {
        search(lineup, desk->served.snapshot);
    }
}

const struct skd_lined *skd_lineup_take(struct skd_lineup *lineup,
                                        struct skd_connection *connection,
                                        struct skp_view bytes,
                                        size_t n_max,
                                        uint64_t now_ms)
{
    if (lineup->next == lineup->n) {
        fill(lineup, connection, bytes,
             n_max < SKD_LINEUP_MAX ? n_max : SKD_LINEUP_MAX, now_ms);
    }
    return lineup->next < lineup->n ? &lineup->lined[lineup->next++] : NULL;
}

void skd_lineup_clear(struct skd_lineup *lineup)
{
    lineup->n = 0;
    lineup->next = 0;
}
