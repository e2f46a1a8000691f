/* key_cache_client.h - the object behind sidekey_keys.h, with its clock.
 *
 * Puts together the two tables, the watch and a handle for questions, under one
 * lock that is never held while waiting.
 */
#ifndef SKC_KEY_CACHE_CLIENT_H
#define SKC_KEY_CACHE_CLIENT_H

#include "libclient/data_key_cache.h"
#include "libclient/sidekey_keys.h"

/* A monotonic clock, in milliseconds.  Any thread. */
struct skc_key_clock {
    void *state; /* handed back to every call */
    uint64_t (*now_ms)(void *state);
};

/* sidekey_keys_open with a clock of the caller's, borrowed for the cache's
 * life.  Deadlines stay on the real clock. */
SKP_MUST_CHECK enum sidekey_status
skc_key_cache_client_open(const char *socket_path,
                          const struct sidekey_keys_options *options,
                          const struct skc_key_clock *clock,
                          struct sidekey_keys **ret);

/* The data keys, borrowed; NULL when none are kept.  For tests, while no call
 * is running. */
const struct skc_data_key_cache *
skc_key_cache_client_data_keys(const struct sidekey_keys *cache);

#endif /* SKC_KEY_CACHE_CLIENT_H */
