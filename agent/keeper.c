/* keeper.c - the keys survive the death of the agent; see keeper.h. */
#include "agent/keeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/store/keep_image.h"
#include "agent/sys/log.h"
#include "agent/sys/notify.h"
#include "agent/sys/swap.h"

#define NAME_PREFIX SKD_NOTIFY_OURS "keys-"
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"

struct skd_keeper {
    const struct skd_env *env;
    struct skd_keep_identity identity;
    enum skd_fd_store store;
    bool is_on;
    bool has_warned;           /* that something could not be kept */
    uint64_t sequence;         /* the highest ever seen or given */
    struct skd_snapshot *kept; /* pinned; NULL: nothing is kept */
    char kept_name[SKD_NOTIFY_NAME_LEN];
    size_t n_restored;
    int64_t restored_at_s;
};

/* ---- beginning ----------------------------------------------------------- */

/* Descriptors do not outlive the kernel that holds them, so this only catches
 * what should not happen.  All zero where /proc does not tell. */
static void read_boot(uint8_t boot[SKD_KEEP_BOOT_LEN])
{
    FILE *file = fopen(BOOT_ID, "re");
    uint8_t hash[SKP_SHA256_LEN];
    char text[64];
    size_t len;

    memset(boot, 0, SKD_KEEP_BOOT_LEN);
    if (file == NULL) {
        return;
    }
    len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    skp_sha256((struct skp_view){ (const uint8_t *)text, len }, hash);
    memcpy(boot, hash, SKD_KEEP_BOOT_LEN);
}

/* What an unmapped arena of @tier is worth. */
static enum skd_keeping keeping_of(enum skd_tier tier)
{
    bool swap_is_off = skd_swap_is_off("");

    switch (tier) {
    case SKD_TIER_MEMFD_SECRET:
        return swap_is_off ? SKD_KEEPING_ANY : SKD_KEEPING_SECRET;
    case SKD_TIER_MLOCK:
        return swap_is_off ? SKD_KEEPING_ANY : SKD_KEEPING_NONE;
    case SKD_TIER_NONE:
    default:
        return SKD_KEEPING_NONE;
    }
}

static void turn_on(struct skd_keeper *keeper, enum skd_tier tier)
{
    enum skd_keeping keeping = keeping_of(tier);

    if (keeping == SKD_KEEPING_NONE) {
        skd_log(SKD_LOG_WARN,
                "keys are not kept over a restart: in %s memory that nobody "
                "has mapped they could be swapped out",
                skd_tier_name(tier));
        return;
    }
    skd_arena_keep(keeping);
    keeper->is_on = true;
    skd_log(SKD_LOG_INFO, "keys are kept over a restart by %s",
            keeper->store == SKD_FD_STORE_CRASH ? "the supervisor"
                                                : "the service manager");
}

enum skp_err skd_keeper_new(const struct skd_env *env,
                            enum skd_mode mode,
                            enum skd_tier tier,
                            struct skd_keeper **ret)
{
    struct skd_keeper *keeper = calloc(1, sizeof *keeper);

    if (keeper == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    keeper->env = env;
    keeper->identity.mode = (uint8_t)mode;
    read_boot(keeper->identity.boot);
    keeper->store = skd_notify_fd_store();
    /* Keys of --dev are to die with the agent. */
    if (keeper->store != SKD_FD_STORE_NONE && mode != SKD_MODE_DEV) {
        turn_on(keeper, tier);
    }
    *ret = keeper;
    return SKP_ERR_OK;
}

/* ---- taking over --------------------------------------------------------- */

/* The sequence number in a name that we gave; 0 for another name. */
static uint64_t sequence_of(const char *name)
{
    size_t prefix_len = strlen(NAME_PREFIX);
    uint64_t sequence = 0;
    char again[SKD_NOTIFY_NAME_LEN];

    if (strncmp(name, NAME_PREFIX, prefix_len) != 0) {
        return 0;
    }
    sequence = strtoull(name + prefix_len, NULL, 16);
    (void)snprintf(again, sizeof again, NAME_PREFIX "%016" PRIx64, sequence);
    return strcmp(again, name) == 0 ? sequence : 0;
}

/* Those of the descriptors that came back whose number is the highest below
 * @below: their number, 0 when there are none, and whether they are two. */
static uint64_t
find_pair(uint64_t below, struct skd_keep_pair *ret, bool *ret_is_pair)
{
    size_t n = 0;
    struct skd_kept_fd *fds = skd_notify_kept(&n);
    uint64_t highest = 0;
    unsigned n_found = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t sequence = fds[i].fd < 0 ? 0 : sequence_of(fds[i].name);

        if (sequence < highest || sequence == 0 || sequence >= below) {
            continue;
        }
        n_found = sequence > highest ? 1 : n_found + 1;
        highest = sequence;
        ret->index_fd = n_found == 1 ? -1 : fds[i].fd;
        ret->arena_fd = n_found == 1 ? fds[i].fd : ret->arena_fd;
    }
    *ret_is_pair = n_found == 2;
    return highest;
}

/* Close all that came back; drop and wipe all but what is kept still. */
static void drop_others(const struct skd_keeper *keeper)
{
    size_t n = 0;
    struct skd_kept_fd *fds = skd_notify_kept(&n);

    for (size_t i = 0; i < n; i++) {
        if (fds[i].fd < 0 ||
            strncmp(fds[i].name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0) {
            continue;
        }
        if (keeper->kept == NULL ||
            strcmp(fds[i].name, keeper->kept_name) != 0) {
            skd_keep_image_discard(fds[i].fd);
            skd_notify_unstore(fds[i].name);
        }
        (void)close(fds[i].fd);
        fds[i].fd = -1;
    }
}

static void name_of(uint64_t sequence, char ret[SKD_NOTIFY_NAME_LEN])
{
    (void)snprintf(ret, SKD_NOTIFY_NAME_LEN, NAME_PREFIX "%016" PRIx64,
                   sequence);
}

/* Take the newest that is whole. */
static void take_newest(struct skd_keeper *keeper)
{
    struct skd_keep_pair pair = { -1, -1 };
    bool is_pair = false;
    uint64_t sequence = find_pair(UINT64_MAX, &pair, &is_pair);

    keeper->sequence = sequence;
    while (sequence != 0 && keeper->kept == NULL) {
        struct skp_diag diag = { "there are not two descriptors" };

        if (is_pair &&
            skd_keep_image_restore(pair, &keeper->identity, sequence,
                                   skd_env_now_ms(keeper->env), &keeper->kept,
                                   &diag) == SKP_ERR_OK) {
            name_of(sequence, keeper->kept_name);
            return;
        }
        skd_log(SKD_LOG_WARN, "what was kept over the restart is not used: %s",
                diag.text);
        sequence = find_pair(sequence, &pair, &is_pair);
    }
}

struct skd_snapshot *skd_keeper_restore(struct skd_keeper *keeper)
{
    if (keeper->is_on) {
        take_newest(keeper);
    }
    drop_others(keeper);
    if (keeper->kept == NULL) {
        return NULL;
    }
    keeper->n_restored = skd_snapshot_count(keeper->kept);
    keeper->restored_at_s = skd_env_wall_s(keeper->env);
    skd_log(SKD_LOG_INFO,
            "%zu tenants with %zu keys were kept over the restart and are "
            "served before the first refresh",
            keeper->n_restored, skd_snapshot_n_keys(keeper->kept));
    return skd_snapshot_ref(keeper->kept);
}

/* ---- keeping ------------------------------------------------------------- */

void skd_keeper_prepare(struct skd_keeper *keeper,
                        struct skd_snapshot *snapshot)
{
    struct skp_diag diag;

    if (keeper->is_on) {
        /* If it fails, skd_keeper_publish finds nothing to offer. */
        (void)!skd_keep_image_prepare(snapshot, &keeper->identity, &diag);
    }
}

/* Forget the one before.  Its header first: whatever becomes of the message,
 * nobody can take it over any more. */
static void drop_kept(struct skd_keeper *keeper)
{
    if (keeper->kept != NULL) {
        skd_keep_image_revoke(keeper->kept);
        skd_notify_unstore(keeper->kept_name);
        skd_snapshot_unref(&keeper->kept);
    }
}

static bool hand_over(struct skd_keeper *keeper,
                      struct skd_snapshot *snapshot,
                      char name[SKD_NOTIFY_NAME_LEN])
{
    struct skd_keep_pair pair;
    uint64_t sequence = keeper->sequence + 1;

    if (skd_keep_image_offer(snapshot, sequence, &pair) != SKP_ERR_OK) {
        return false;
    }
    name_of(sequence, name);
    if (!skd_notify_store(name, (const int[]){ pair.arena_fd, pair.index_fd },
                          2)) {
        return false;
    }
    keeper->sequence = sequence;
    skd_keep_image_kept(snapshot);
    return true;
}

static void keep_new(struct skd_keeper *keeper, struct skd_snapshot *snapshot)
{
    char name[SKD_NOTIFY_NAME_LEN];
    bool is_kept = hand_over(keeper, snapshot, name);

    /* Also when it failed: what was kept may hold what must not come back. */
    drop_kept(keeper);
    if (is_kept) {
        keeper->kept = skd_snapshot_ref(snapshot);
        memcpy(keeper->kept_name, name, sizeof name);
    } else if (!keeper->has_warned) {
        skd_log(SKD_LOG_WARN,
                "the keys now served could not be handed to be kept: a "
                "restart would be a cold one");
    }
    keeper->has_warned = !is_kept;
}

void skd_keeper_publish(struct skd_keeper *keeper,
                        struct skd_snapshot *snapshot)
{
    if (!keeper->is_on) {
        return;
    }
    if (keeper->kept == NULL || !skd_snapshot_is_same(keeper->kept, snapshot)) {
        keep_new(keeper, snapshot);
        return;
    }
    skd_keep_image_confirm(snapshot);
    skd_snapshot_unref(&keeper->kept);
    keeper->kept = skd_snapshot_ref(snapshot);
}

struct skd_keeper_report skd_keeper_report(const struct skd_keeper *keeper)
{
    return (struct skd_keeper_report){
        .is_keeping = keeper->kept != NULL,
        .n_restored = keeper->n_restored,
        .restored_at_s = keeper->restored_at_s,
    };
}

void skd_keeper_stop(struct skd_keeper *keeper)
{
    if (keeper->store == SKD_FD_STORE_CRASH) {
        drop_kept(keeper);
    }
    skd_snapshot_unref(&keeper->kept);
}

void skd_keeper_free(struct skd_keeper **keeper)
{
    if (*keeper != NULL) {
        skd_snapshot_unref(&(*keeper)->kept);
        free(*keeper);
        *keeper = NULL;
    }
}
