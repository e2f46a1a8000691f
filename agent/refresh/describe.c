/* describe.c - one answer makes one tenant's row; see describe.h. */
#include "agent/refresh/describe.h"

static bool had_keys(struct skd_was was)
{
    return was.tenant != NULL && was.tenant->n_keys > 0;
}

static const char *reason_of(const struct skd_item *item, struct skd_was was)
{
    if (item->reason != NULL) {
        return item->reason;
    }
    switch (item->said) {
    case SKD_SAID_SAME:
        return was.tenant == NULL || was.tenant->reason == NULL
                   ? "no key yet"
                   : was.tenant->reason;
    case SKD_SAID_UNUSABLE:
        return "its seed is unusable";
    case SKD_SAID_ABSENT:
        return "the KMS has no such key";
    case SKD_SAID_DUPLICATE:
        return "the KMS has several objects of that name";
    case SKD_SAID_DESTROYED:
        return "its key was destroyed";
    case SKD_SAID_ASK:
        return "no source has its key";
    case SKD_SAID_KEYS:
    case SKD_SAID_UNREACHED:
    default:
        return "the source was not reached";
    }
}

/* True when a source has just vouched for the key that will be current.  "As
 * before" says nothing good of a seed that was bad before. */
static bool is_confirmed(const struct skd_item *item, struct skd_was was)
{
    if (item->said == SKD_SAID_SAME) {
        return had_keys(was) && was.tenant->reason == NULL;
    }
    return skd_picks_has_keys(item);
}

static enum skd_use use_of(enum skd_key_state state)
{
    return state == SKD_KEY_ACTIVE || state == SKD_KEY_PRE_ACTIVE
               ? SKD_USE_ALL
               : SKD_USE_DECRYPT_ONLY;
}

/* Once destroyed, a key stays so until there is another object: not to reach
 * the key server, or to find nothing there, is no better word. */
static bool is_destroyed(const struct skd_item *item, struct skd_was was)
{
    switch (item->said) {
    case SKD_SAID_DESTROYED:
        return true;
    case SKD_SAID_ASK:
    case SKD_SAID_SAME:
    case SKD_SAID_UNREACHED:
    case SKD_SAID_ABSENT:
        return was.tenant != NULL && was.tenant->is_destroyed;
    case SKD_SAID_KEYS:
    case SKD_SAID_UNUSABLE:
    case SKD_SAID_DUPLICATE:
    default:
        return false;
    }
}

static struct skd_tenant row_of(struct skd_was was)
{
    return was.snapshot == NULL ? *was.tenant
                                : skd_snapshot_row(was.snapshot, was.tenant);
}

struct skd_tenant skd_describe(const struct skd_item *item,
                               struct skd_was was,
                               bool has_keys,
                               uint64_t asked_ms,
                               int64_t asked_s)
{
    struct skd_tenant tenant = { .use = SKD_USE_NONE };

    if (was.tenant != NULL) {
        tenant = row_of(was);
        tenant.missing = 0;
        tenant.reason = NULL;
    }
    tenant.id = item->tenant;
    tenant.id_len = (uint8_t)item->tenant_len;
    tenant.is_private = item->is_private;
    tenant.is_destroyed = item->is_private && is_destroyed(item, was);
    /* A last good key keeps saying where it came from. */
    if (skd_picks_has_keys(item) || !had_keys(was)) {
        tenant.origin = (uint8_t)item->origin;
    }
    if (skd_picks_has_keys(item) || item->tells_state) {
        tenant.use = (uint8_t)use_of(item->state);
        tenant.state = (uint8_t)item->state;
    }
    if (is_confirmed(item, was)) {
        tenant.confirmed_ms = asked_ms;
        tenant.confirmed_at_s = asked_s;
    } else {
        tenant.reason = reason_of(item, was);
    }
    if (!has_keys) {
        tenant.use = SKD_USE_NONE;
    }
    return tenant;
}
