/* key_cache_parts.h - the inside of a sidekey_keys, for the files of its calls:
 * key_cache_client.c, key_cache_public.c and key_cache_unwrap.c.
 *
 * Each call enters, which brings memory up to date, answers from memory if it
 * can, and leaves.  Otherwise it asks without the lock, enters again, and keeps
 * the answer only as far as nothing happened in between.
 *
 * The watch is polled and has no thread: then no answer from memory can be
 * older than what the agent had told when the call began, a foreign process
 * gets no thread, and there is nothing to stop.  The price, one recv a call, is
 * small against any use of a key.
 */
#ifndef SKC_KEY_CACHE_PARTS_H
#define SKC_KEY_CACHE_PARTS_H

#include <pthread.h>
#include <sys/types.h>

#include "libclient/key_cache_client.h"
#include "libclient/key_cache_table.h"
#include "libclient/key_cache_watch.h"

struct sidekey_keys {
    pthread_mutex_t lock; /* never held while waiting */
    pid_t pid;
    uint64_t serial; /* of error_text.h */
    struct skc_key_clock clock;
    struct sidekey_keys_options options;
    struct sidekey_keys_stats stats; /* what the tables do not count */
    struct sidekey *agent;           /* for questions */
    struct skc_watch watch;
    struct skc_key_table *keys;
    struct skc_data_key_cache *data_keys; /* NULL: none are kept */
};

/* The state of things at one moment. */
struct skc_key_moment {
    uint64_t turn;      /* of the watch */
    uint64_t n_changes; /* told so far */
    uint64_t at_ms;
};

/* Take the lock and bring memory up to date. */
struct skc_key_moment skc_key_cache_enter(struct sidekey_keys *cache);

/* Give the lock back. */
void skc_key_cache_leave(struct sidekey_keys *cache);

/* Keep the words of a failure, none with SIDEKEY_OK, for
 * sidekey_keys_error_text; returns @status. */
enum sidekey_status skc_key_cache_finish(struct sidekey_keys *cache,
                                         enum sidekey_status status,
                                         const char *words);

/* Refuse, and finish, a call of another process or for no tenant id.
 *   SIDEKEY_INVALID_ARGUMENT  one of these. */
SKP_MUST_CHECK enum sidekey_status
skc_key_cache_check(struct sidekey_keys *cache, struct skp_view tenant);

/* True for a "no" to a tenant. */
bool skc_key_cache_is_no(enum sidekey_status status);

/* Wipe the data keys of @tenant.  With the lock. */
void skc_key_cache_drop_data_keys(struct sidekey_keys *cache,
                                  struct skp_view tenant);

#endif /* SKC_KEY_CACHE_PARTS_H */
