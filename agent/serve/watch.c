/* watch.c - which tenants a connection wants to hear about; see watch.h. */
#include "agent/serve/watch.h"

#include <stdlib.h>
#include <string.h>

#include "agent/serve/changes.h"

/* The ids of all views lie behind the views, in the same allocation. */
struct skd_watch {
    size_t n; /* 0: all tenants */
    struct skp_view ids[];
};

static int compare_views(const void *a, const void *b)
{
    const struct skp_view *one = a;
    const struct skp_view *other = b;

    return skd_changes_order(*one, *other);
}

enum skp_err
skd_watch_new(const struct skp_view *tenants, size_t n, struct skd_watch **ret)
{
    struct skd_watch *watch;
    size_t len = 0;
    uint8_t *place;

    for (size_t i = 0; i < n; i++) {
        len += tenants[i].len;
    }
    watch = malloc(sizeof *watch + n * sizeof *tenants + len);
    if (watch == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    watch->n = n;
    place = (uint8_t *)&watch->ids[n];
    for (size_t i = 0; i < n; i++) {
        memcpy(place, tenants[i].ptr, tenants[i].len);
        watch->ids[i] = (struct skp_view){ place, tenants[i].len };
        place += tenants[i].len;
    }
    qsort(watch->ids, n, sizeof *watch->ids, compare_views);
    *ret = watch;
    return SKP_ERR_OK;
}

void skd_watch_free(struct skd_watch **watch)
{
    free(*watch);
    *watch = NULL;
}

static bool is_watched(const struct skd_watch *watch, const struct skp_view *id)
{
    return watch->n == 0 ||
           bsearch(id, watch->ids, watch->n, sizeof *id, compare_views) != NULL;
}

/* The one key's row, once for each tenant watched by name. */
static size_t repeat_row(const struct skd_watch *watch,
                         const struct skd_policy *policy,
                         const struct skd_peer *peer,
                         const struct skp_tenant_row *row,
                         struct skp_tenant_row *ret)
{
    size_t n_ret = 0;

    for (size_t i = 0; i < watch->n; i++) {
        if (skd_policy_allows(policy, peer, SKD_RIGHT_WATCH, watch->ids[i])) {
            ret[n_ret] = *row;
            ret[n_ret++].id = watch->ids[i];
        }
    }
    return n_ret;
}

size_t skd_watch_filter(const struct skd_watch *watch,
                        const struct skd_policy *policy,
                        const struct skd_peer *peer,
                        bool is_single,
                        const struct skp_tenant_row *rows,
                        size_t n,
                        struct skp_tenant_row *ret)
{
    size_t n_ret = 0;

    if (is_single && watch->n > 0 && n > 0) {
        return repeat_row(watch, policy, peer, &rows[0], ret);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_watched(watch, &rows[i].id) &&
            skd_policy_allows(policy, peer, SKD_RIGHT_WATCH, rows[i].id)) {
            ret[n_ret++] = rows[i];
        }
    }
    return n_ret;
}
