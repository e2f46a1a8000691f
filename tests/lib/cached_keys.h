/* cached_keys.h - a cache of keys at a watched agent, on a clock that stands
 * still, for the suites of its calls.
 *
 * One of each at a time: set up, or open, then tear down.
 */
#ifndef SKT_CACHED_KEYS_H
#define SKT_CACHED_KEYS_H

#include <stdatomic.h>

#include "libclient/key_cache_client.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/watched_agent.h"

#define SKT_CALL_MS    10000u
#define SKT_AGE_MS     60000u
#define SKT_OFFLINE_MS 20000u
#define SKT_TERM_MS    5000u
/* Longer than any pause between two questions, shorter than the others. */
#define SKT_PASS_MS 2000u

extern struct skt_watched *skt_watched;
extern struct sidekey_keys *skt_cache;
/* Of suite 2; skt_cached_unwrap sets its last byte. */
extern uint8_t skt_header[SIDEKEY_HEADER_MAX];

/* 4 tenants, 2 data keys, and the times above. */
struct sidekey_keys_options skt_cached_options(void);

/* Start an agent, and make a cache for it. */
void skt_cached_open(const struct sidekey_keys_options *options);
void skt_cached_set_up(void);
void skt_cached_tear_down(void);

/* Let time pass. */
void skt_cached_pass(uint64_t ms);

struct sidekey_keys_stats skt_cached_stats(void);

/* Have the cache watch (for the @nth time), and let it settle. */
void skt_cached_watch(unsigned nth);

/* Questions to the agent so far. */
unsigned skt_cached_asked(void);
unsigned skt_cached_unwraps(void);

/* The cache answers for @tenant with key @nth of the agent. */
void skt_cached_key(const char *tenant, unsigned nth);

/* It fails with that status and with words. */
void skt_cached_fails(const char *tenant,
                      uint32_t deadline_ms,
                      enum sidekey_status is);

/* Unwrap a header of suite 2 that ends in @nth, and check the key; the status
 * of the call. */
enum sidekey_status skt_cached_unwrap(const char *tenant, uint8_t nth);

/* True when a data key lies in the locked block. */
bool skt_cached_holds_keys(void);

#endif /* SKT_CACHED_KEYS_H */
