/* demand.c - tenants that clients asked for; see demand.h. */
#include "agent/store/demand.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Ids that wait, and beside them ids lately found absent: those beyond are
 * forgotten, oldest first, which costs one more question. */
#define ENTRIES_MAX (SKD_DEMAND_MAX + 412u)

struct entry {
    char id[SKP_TENANT_MAX + 1]; /* NUL-terminated; "" is free */
    uint8_t id_len;
    bool is_waiting;
    bool is_absent; /* the sources said so at absent_ms */
    uint64_t absent_ms;
};

struct skd_demand {
    pthread_mutex_t lock;
    struct entry entries[ENTRIES_MAX];
    size_t n_waiting;
};

enum skp_err skd_demand_new(struct skd_demand **ret)
{
    struct skd_demand *demand = calloc(1, sizeof *demand);

    if (demand == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (pthread_mutex_init(&demand->lock, NULL) != 0) {
        free(demand);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = demand;
    return SKP_ERR_OK;
}

void skd_demand_free(struct skd_demand **demand)
{
    if (*demand != NULL) {
        (void)pthread_mutex_destroy(&(*demand)->lock);
        free(*demand);
        *demand = NULL;
    }
}

static struct entry *find_entry(struct skd_demand *demand, struct skp_view id)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        struct entry *entry = &demand->entries[i];
        struct skp_view its = { (const uint8_t *)entry->id, entry->id_len };

        if (entry->id_len > 0 && skp_view_equal(its, id)) {
            return entry;
        }
    }
    return NULL;
}

/* A free entry, or else the one found absent longest ago.  There is always
 * one: more entries than may wait. */
static struct entry *take_entry(struct skd_demand *demand)
{
    struct entry *oldest = NULL;

    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        struct entry *entry = &demand->entries[i];

        if (entry->id_len == 0) {
            return entry;
        }
        if (!entry->is_waiting &&
            (oldest == NULL || entry->absent_ms < oldest->absent_ms)) {
            oldest = entry;
        }
    }
    skp_assert(oldest != NULL);
    return oldest;
}

static enum skd_demanded ask_again(struct skd_demand *demand,
                                   struct entry *entry,
                                   uint64_t now_ms,
                                   uint64_t again_ms,
                                   bool *ret_is_new)
{
    if (!entry->is_waiting && now_ms - entry->absent_ms >= again_ms &&
        demand->n_waiting < SKD_DEMAND_MAX) {
        entry->is_waiting = true;
        demand->n_waiting++;
        *ret_is_new = true;
    }
    return entry->is_absent ? SKD_DEMANDED_ABSENT : SKD_DEMANDED_WAITING;
}

static enum skd_demanded
ask_first(struct skd_demand *demand, struct skp_view tenant, bool *ret_is_new)
{
    struct entry *entry;

    if (demand->n_waiting == SKD_DEMAND_MAX) {
        return SKD_DEMANDED_FULL;
    }
    entry = take_entry(demand);
    *entry =
        (struct entry){ .id_len = (uint8_t)tenant.len, .is_waiting = true };
    memcpy(entry->id, tenant.ptr, tenant.len);
    demand->n_waiting++;
    *ret_is_new = true;
    return SKD_DEMANDED_WAITING;
}

enum skd_demanded skd_demand_ask(struct skd_demand *demand,
                                 struct skp_view tenant,
                                 uint64_t now_ms,
                                 uint64_t again_ms,
                                 bool *ret_is_new)
{
    enum skd_demanded demanded;
    struct entry *entry;

    skp_assert(tenant.len > 0 && tenant.len <= SKP_TENANT_MAX);
    *ret_is_new = false;
    (void)pthread_mutex_lock(&demand->lock);
    entry = find_entry(demand, tenant);
    demanded = entry != NULL
                   ? ask_again(demand, entry, now_ms, again_ms, ret_is_new)
                   : ask_first(demand, tenant, ret_is_new);
    (void)pthread_mutex_unlock(&demand->lock);
    return demanded;
}

size_t skd_demand_waiting(struct skd_demand *demand,
                          char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1])
{
    size_t n = 0;

    (void)pthread_mutex_lock(&demand->lock);
    for (size_t i = 0; i < ENTRIES_MAX && n < SKD_DEMAND_MAX; i++) {
        if (demand->entries[i].is_waiting) {
            memcpy(ids[n++], demand->entries[i].id, SKP_TENANT_MAX + 1);
        }
    }
    (void)pthread_mutex_unlock(&demand->lock);
    return n;
}

static void settle_one(struct skd_demand *demand,
                       struct skp_view id,
                       bool found,
                       uint64_t now_ms)
{
    struct entry *entry = find_entry(demand, id);

    if (entry == NULL) {
        return;
    }
    if (entry->is_waiting) {
        demand->n_waiting--;
    }
    if (found) {
        *entry = (struct entry){ .id_len = 0 };
        return;
    }
    entry->is_waiting = false;
    entry->is_absent = true;
    entry->absent_ms = now_ms;
}

void skd_demand_settle(struct skd_demand *demand,
                       char ids[SKD_DEMAND_MAX][SKP_TENANT_MAX + 1],
                       const bool *found,
                       size_t n,
                       uint64_t now_ms)
{
    (void)pthread_mutex_lock(&demand->lock);
    for (size_t i = 0; i < n; i++) {
        settle_one(demand, skp_view_of(ids[i]), found[i], now_ms);
    }
    (void)pthread_mutex_unlock(&demand->lock);
}
