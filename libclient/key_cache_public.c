/* key_cache_public.c - sidekey_keys_public: from memory, or from the agent. */
#include "libclient/client.h"
#include "libclient/client_status.h"
#include "libclient/key_cache_parts.h"

/* How long a question may take while there is a key to fall back to; an agent
 * that lives answers in far less. */
#define CONFIRM_MS 500u
/* After such a question was asked in vain. */
#define REST_MS 1000u
/* The workers of an agent take up new keys one by one, and the watch and the
 * questions may be with two of them.  An answer that comes sooner than this
 * after a notification may still be of the former key, with no other
 * notification to follow: it is good for BRIEF_MS only. */
#define SETTLE_MS 1000u
#define BRIEF_MS  50u

/* Whether a key that may be fallen back to is worth a question: not while the
 * agent is known to be away. */
static bool is_agent_there(const struct skc_watch *watch, uint64_t now_ms)
{
    switch (watch->state) {
    case SKC_WATCH_ON:
    case SKC_WATCH_REFUSED:
        return true;
    case SKC_WATCH_ASKED:
        return now_ms - watch->turned_ms < CONFIRM_MS;
    case SKC_WATCH_DOWN:
    default:
        return false;
    }
}

/* What the answer to a question that was @asked is good for. */
static struct skc_key_term find_term(const struct sidekey_keys *cache,
                                     const struct skc_key_moment *asked)
{
    const struct skc_watch *watch = &cache->watch;
    struct skc_key_term term = { .asked_ms = asked->at_ms };

    if (watch->turn != asked->turn) {
        return term;
    }
    if (watch->state == SKC_WATCH_REFUSED) {
        term.fresh_until_ms = asked->at_ms + cache->options.unwatched_ms;
    } else if (watch->state == SKC_WATCH_ON) {
        term.is_watched = asked->at_ms - watch->turned_ms >= SETTLE_MS;
        term.fresh_until_ms =
            asked->at_ms +
            (term.is_watched ? cache->options.max_age_ms : BRIEF_MS);
    }
    return term;
}

/* True when "no" is the agent's word, and not that of the file system, which
 * keeps others out while the socket of a new agent is being made. */
static bool is_agents_no(struct sidekey_keys *cache,
                         enum sidekey_status status,
                         uint64_t now_ms)
{
    if (status == SIDEKEY_PERMISSION_DENIED &&
        cache->watch.state == SKC_WATCH_DOWN) {
        skc_watch_hurry(&cache->watch);
        skc_watch_poll(&cache->watch, now_ms);
        return cache->watch.state != SKC_WATCH_DOWN;
    }
    return skc_key_cache_is_no(status);
}

static void count_hit(struct sidekey_keys *cache, enum skc_key_state state)
{
    cache->stats.hits++;
    cache->stats.offline_hits += state == SKC_KEY_FRESH ? 0 : 1;
}

/* The question failed with @status: take the agent's no for an answer, and else
 * fall back to what there is. */
static enum sidekey_status settle_failure(struct sidekey_keys *cache,
                                          struct skp_view tenant,
                                          enum sidekey_status status,
                                          uint32_t deadline_ms,
                                          uint64_t now_ms,
                                          struct sidekey_public_key *ret)
{
    enum skc_key_state state;

    if (is_agents_no(cache, status, now_ms)) {
        skc_key_table_drop(cache->keys, tenant);
        if (status != SIDEKEY_FAILED_PRECONDITION) {
            skc_key_cache_drop_data_keys(cache, tenant);
        }
        return status;
    }
    if (status != SIDEKEY_PERMISSION_DENIED &&
        skp_err_next(skc_status_err(status)) != SKP_NEXT_RETRY) {
        return status;
    }
    if (status == SIDEKEY_DEADLINE_EXCEEDED && deadline_ms >= CONFIRM_MS) {
        skc_watch_doubt(&cache->watch, now_ms);
    }
    skc_key_table_rest(cache->keys, tenant, now_ms, now_ms + REST_MS);
    state = skc_key_table_look(cache->keys, tenant, now_ms, ret);
    if (state == SKC_KEY_UNKNOWN) {
        return status;
    }
    count_hit(cache, state);
    return SIDEKEY_OK;
}

/* When a change was told since the question, nobody knows which of the two is
 * older: the answer is used, but not kept, and another key is not kept on. */
static void keep_answer(struct sidekey_keys *cache,
                        struct skp_view tenant,
                        const struct skc_key_moment *asked,
                        const struct sidekey_public_key *key)
{
    struct skc_key_term term = find_term(cache, asked);

    if (cache->stats.changes == asked->n_changes) {
        skc_key_table_put(cache->keys, tenant, key, &term);
    } else {
        skc_key_table_change(cache->keys, tenant, key->key_id);
    }
}

/* Ask without the lock, and settle the answer with it. */
static enum sidekey_status ask_public(struct sidekey_keys *cache,
                                      const char *tenant,
                                      const struct skc_key_moment *asked,
                                      uint32_t deadline_ms,
                                      struct sidekey_public_key *ret)
{
    struct skp_view id = skp_view_of(tenant);
    struct sidekey_public_key key;
    enum sidekey_status status =
        sidekey_pubkey(cache->agent, tenant, deadline_ms, &key);
    struct skc_key_moment now = skc_key_cache_enter(cache);

    if (status == SIDEKEY_OK) {
        keep_answer(cache, id, asked, &key);
        *ret = key;
    } else {
        status = settle_failure(cache, id, status, deadline_ms, now.at_ms, ret);
    }
    skc_key_cache_leave(cache);
    return skc_key_cache_finish(cache, status,
                                sidekey_error_text(cache->agent));
}

enum sidekey_status sidekey_keys_public(struct sidekey_keys *cache,
                                        const char *tenant,
                                        uint32_t deadline_ms,
                                        struct sidekey_public_key *ret)
{
    struct skp_view id = skc_client_tenant(tenant);
    enum sidekey_status status = skc_key_cache_check(cache, id);
    struct sidekey_public_key key;
    enum skc_key_state state;
    struct skc_key_moment asked;
    bool is_answered;

    if (status != SIDEKEY_OK) {
        return status;
    }
    asked = skc_key_cache_enter(cache);
    state = skc_key_table_look(cache->keys, id, asked.at_ms, &key);
    is_answered =
        state == SKC_KEY_FRESH || state == SKC_KEY_RESTING ||
        (state == SKC_KEY_OLD && !is_agent_there(&cache->watch, asked.at_ms));
    if (is_answered) {
        count_hit(cache, state);
        *ret = key;
    } else {
        cache->stats.misses++;
    }
    skc_key_cache_leave(cache);
    if (is_answered) {
        return skc_key_cache_finish(cache, SIDEKEY_OK, "");
    }
    if (state == SKC_KEY_OLD && deadline_ms > CONFIRM_MS) {
        deadline_ms = CONFIRM_MS;
    }
    return ask_public(cache, tenant, &asked, deadline_ms, ret);
}
