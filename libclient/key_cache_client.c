/* key_cache_client.c - a sidekey_keys, and what its calls share; see
 * key_cache_parts.h. */
#include "libclient/key_cache_client.h"

#include <stdlib.h>
#include <unistd.h>

#include "libclient/client_status.h"
#include "libclient/deadline.h"
#include "libclient/error_text.h"
#include "libclient/key_cache_parts.h"
#include "protocol/key.h"

/* ---- making ------------------------------------------------------------- */

void sidekey_keys_defaults(struct sidekey_keys_options *ret)
{
    *ret = (struct sidekey_keys_options){
        .max_tenants = 1024,
        .max_age_ms = 300000,
        .offline_ms = 600000,
        .unwatched_ms = 1000,
        .max_data_keys = 256,
        .data_key_ms = 60000,
    };
}

static bool are_valid(const struct sidekey_keys_options *options)
{
    return options->max_tenants >= 1 &&
           options->max_tenants <= SIDEKEY_KEYS_TENANTS_MAX &&
           options->max_age_ms >= 1 &&
           options->max_data_keys <= SIDEKEY_KEYS_DATA_KEYS_MAX &&
           (options->max_data_keys == 0 || options->data_key_ms >= 1);
}

static void on_changed(void *state, const struct skp_tenant_row *row)
{
    struct sidekey_keys *cache = state;

    cache->stats.changes++;
    skc_key_table_change(cache->keys, row->id, row->key_id);
    if (row->key_id == NULL) {
        skc_key_cache_drop_data_keys(cache, row->id);
    }
}

static void on_lost(void *state, uint64_t alive_ms)
{
    struct sidekey_keys *cache = state;

    skc_key_table_unwatch(cache->keys, alive_ms);
}

static enum skp_err fill(struct sidekey_keys *cache)
{
    const struct sidekey_keys_options *options = &cache->options;
    const struct skc_watch_events events = { cache, on_changed, on_lost };

    SKP_TRY(skc_watch_init(&cache->watch, sidekey_socket_path(cache->agent),
                           &events));
    SKP_TRY(skc_key_table_new(options->max_tenants, options->offline_ms,
                              &cache->keys));
    if (options->max_data_keys > 0) {
        SKP_TRY(skc_data_key_cache_new(
            options->max_data_keys, options->data_key_ms, &cache->data_keys));
    }
    return pthread_mutex_init(&cache->lock, NULL) == 0
               ? SKP_ERR_OK
               : SKP_ERR_RESOURCE_EXHAUSTED;
}

/* All but the lock. */
static void release(struct sidekey_keys **cache)
{
    skc_data_key_cache_free(&(*cache)->data_keys);
    skc_key_table_free(&(*cache)->keys);
    skc_watch_done(&(*cache)->watch);
    sidekey_close(&(*cache)->agent);
    free(*cache);
    *cache = NULL;
}

enum sidekey_status
skc_key_cache_client_open(const char *socket_path,
                          const struct sidekey_keys_options *options,
                          const struct skc_key_clock *clock,
                          struct sidekey_keys **ret)
{
    struct sidekey_keys *cache;
    enum sidekey_status status;

    if (options != NULL && !are_valid(options)) {
        return SIDEKEY_INVALID_ARGUMENT;
    }
    cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return SIDEKEY_RESOURCE_EXHAUSTED;
    }
    cache->pid = getpid();
    cache->serial = skc_error_text_serial();
    cache->clock = *clock;
    sidekey_keys_defaults(&cache->options);
    if (options != NULL) {
        cache->options = *options;
    }
    status = sidekey_open(socket_path, &cache->agent);
    if (status == SIDEKEY_OK) {
        status = skc_status_of(fill(cache));
    }
    if (status != SIDEKEY_OK) {
        release(&cache);
        return status;
    }
    *ret = cache;
    return SIDEKEY_OK;
}

static uint64_t read_clock(void *state)
{
    (void)state;
    return skc_deadline_now_ms();
}

enum sidekey_status
sidekey_keys_open(const char *socket_path,
                  const struct sidekey_keys_options *options,
                  struct sidekey_keys **ret)
{
    static const struct skc_key_clock clock = { NULL, read_clock };

    return skc_key_cache_client_open(socket_path, options, &clock, ret);
}

void sidekey_keys_close(struct sidekey_keys **cache)
{
    if (cache == NULL || *cache == NULL) {
        return;
    }
    /* A thread of the parent may have held the inherited lock. */
    if ((*cache)->pid == getpid()) {
        (void)pthread_mutex_destroy(&(*cache)->lock);
    }
    release(cache);
}

const char *sidekey_keys_error_text(const struct sidekey_keys *cache)
{
    return skc_error_text_get(cache->serial);
}

const struct skc_data_key_cache *
skc_key_cache_client_data_keys(const struct sidekey_keys *cache)
{
    return cache->data_keys;
}

/* ---- what all calls share ----------------------------------------------- */

struct skc_key_moment skc_key_cache_enter(struct sidekey_keys *cache)
{
    struct skc_key_moment now;

    (void)pthread_mutex_lock(&cache->lock);
    now.at_ms = cache->clock.now_ms(cache->clock.state);
    skc_watch_poll(&cache->watch, now.at_ms);
    if (cache->data_keys != NULL) {
        skc_data_key_cache_sweep(cache->data_keys, now.at_ms);
    }
    now.turn = cache->watch.turn;
    now.n_changes = cache->stats.changes;
    return now;
}

void skc_key_cache_leave(struct sidekey_keys *cache)
{
    (void)pthread_mutex_unlock(&cache->lock);
}

/* Keep the words of a failure.  They may be kept ones themselves, which move
 * when others are set. */
enum sidekey_status skc_key_cache_finish(struct sidekey_keys *cache,
                                         enum sidekey_status status,
                                         const char *words)
{
    struct skp_diag diag = { "" };

    if (status != SIDEKEY_OK) {
        (void)skp_fail(&diag, skc_status_err(status), "%s", words);
    }
    skc_error_text_set(cache->serial, diag.text);
    return status;
}

enum sidekey_status skc_key_cache_check(struct sidekey_keys *cache,
                                        struct skp_view tenant)
{
    if (cache->pid != getpid()) {
        return skc_key_cache_finish(
            cache, SIDEKEY_INVALID_ARGUMENT,
            "the cache belongs to the process that forked this one");
    }
    if (!skp_tenant_is_valid(tenant)) {
        return skc_key_cache_finish(
            cache, SIDEKEY_INVALID_ARGUMENT,
            "a tenant id is 1 to 128 printable ASCII characters "
            "without spaces");
    }
    return SIDEKEY_OK;
}

bool skc_key_cache_is_no(enum sidekey_status status)
{
    return status == SIDEKEY_NOT_FOUND || status == SIDEKEY_PERMISSION_DENIED ||
           status == SIDEKEY_FAILED_PRECONDITION;
}

void skc_key_cache_drop_data_keys(struct sidekey_keys *cache,
                                  struct skp_view tenant)
{
    if (cache->data_keys != NULL) {
        skc_data_key_cache_drop(cache->data_keys, tenant);
    }
}

/* ---- the rest ----------------------------------------------------------- */

void sidekey_keys_sweep(struct sidekey_keys *cache)
{
    if (cache->pid == getpid()) {
        (void)skc_key_cache_enter(cache);
        skc_key_cache_leave(cache);
    }
}

void sidekey_keys_stats(struct sidekey_keys *cache,
                        struct sidekey_keys_stats *ret)
{
    struct sidekey_keys_stats stats;

    if (cache->pid != getpid()) {
        *ret = (struct sidekey_keys_stats){ .hits = 0 };
        return;
    }
    (void)pthread_mutex_lock(&cache->lock);
    stats = cache->stats;
    stats.evictions = skc_key_table_evictions(cache->keys);
    stats.tenants = skc_key_table_count(cache->keys);
    stats.is_watching = cache->watch.state == SKC_WATCH_ON;
    if (cache->data_keys != NULL) {
        stats.data_keys = skc_data_key_cache_count(cache->data_keys);
        stats.data_key_evictions =
            skc_data_key_cache_evictions(cache->data_keys);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    *ret = stats;
}
