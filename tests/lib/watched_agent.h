/* watched_agent.h - an agent in a thread that can be watched, for tests of the
 * client's caches of keys.
 *
 * It listens on a Unix socket and answers `watch`, `pubkey` and `unwrap` with
 * the real encoders.  All tenants have one key, the current one of a row of
 * keys.  The test's thread makes it change, hang, die and come back; what it
 * does is done, and sent, when the call returns.
 */
#ifndef SKT_WATCHED_AGENT_H
#define SKT_WATCHED_AGENT_H

#include "libclient/sidekey.h"
#include "protocol/rpc.h"

#define SKT_WATCHED_KEYS 4u

struct skt_watched;

/* Start at a path of its own. */
struct skt_watched *skt_watched_start(void);

/* Stop, remove the socket, and free; accepts a NULL pointer. */
void skt_watched_stop(struct skt_watched **agent);

/* Where it listens. */
const char *skt_watched_path(const struct skt_watched *agent);

/* The id of key number @nth. */
const uint8_t *skt_watched_key_id(const struct skt_watched *agent,
                                  unsigned nth);

/* How often @method was asked for, in all its lives. */
unsigned skt_watched_asked(struct skt_watched *agent, enum skp_method method);

/* Await that @method was asked for, and answered, @n times in all. */
void skt_watched_await(struct skt_watched *agent,
                       enum skp_method method,
                       unsigned n);

/* Make key @nth the current one, without a word. */
void skt_watched_use(struct skt_watched *agent, unsigned nth);

/* Tell all watchers that @tenant now has key @nth; SKT_WATCHED_KEYS: none. */
void skt_watched_tell(struct skt_watched *agent,
                      const char *tenant,
                      unsigned nth);

/* The same just before the next answer to @method, which is of the key before,
 * as from a worker that lags behind. */
void skt_watched_tell_before(struct skt_watched *agent,
                             enum skp_method method,
                             const char *tenant,
                             unsigned nth);

/* Answer @method with @err from now on; SKP_ERR_OK: rightly. */
void skt_watched_refuse(struct skt_watched *agent,
                        enum skp_method method,
                        enum skp_err err);

/* Send bytes that are no message to all watchers. */
void skt_watched_babble(struct skt_watched *agent);

/* Answer nothing, or again; what was asked meanwhile is answered then. */
void skt_watched_hang(struct skt_watched *agent, bool is_hung);

/* Close all connections and the socket, or make it again. */
void skt_watched_kill(struct skt_watched *agent);
void skt_watched_revive(struct skt_watched *agent);

#endif /* SKT_WATCHED_AGENT_H */
