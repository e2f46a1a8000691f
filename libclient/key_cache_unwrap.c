/* key_cache_unwrap.c - sidekey_keys_unwrap: from memory, or from the agent. */
#include "libclient/answers.h"
#include "libclient/client.h"
#include "libclient/key_cache_parts.h"

/* Cut the header off @bytes; false when there is none that the caller would
 * accept: the agent has the words for that. */
static bool make_name(const char *tenant,
                      struct skp_view bytes,
                      const struct sidekey_options *options,
                      struct skc_data_key_name *ret)
{
    struct skp_request request = { .method = SKP_METHOD_UNWRAP };
    struct skp_header header;

    skc_answers_options(&request, options);
    if (skp_header_parse(bytes, request.raw, request.suite, &header, NULL) !=
        SKP_ERR_OK) {
        return false;
    }
    *ret = (struct skc_data_key_name){ .tenant = skp_view_of(tenant),
                                       .header = { bytes.ptr, header.len },
                                       .raw = request.raw };
    return true;
}

static void settle_data_key(struct sidekey_keys *cache,
                            const struct skc_data_key_name *name,
                            const struct skc_key_moment *asked,
                            enum sidekey_status status,
                            const struct sidekey_data_key *key)
{
    struct skc_key_moment now = skc_key_cache_enter(cache);

    if (status == SIDEKEY_OK && now.turn == asked->turn) {
        skc_data_key_cache_put(cache->data_keys, name, key, now.at_ms);
    } else if (skc_key_cache_is_no(status)) {
        /* It may be of this header only, and of this right: whether the
         * tenant may still be written for is asked when it is. */
        skc_key_cache_drop_data_keys(cache, name->tenant);
        skc_key_table_doubt(cache->keys, name->tenant);
    }
    skc_key_cache_leave(cache);
}

enum sidekey_status sidekey_keys_unwrap(struct sidekey_keys *cache,
                                        const char *tenant,
                                        const uint8_t *header,
                                        size_t len,
                                        const struct sidekey_options *options,
                                        uint32_t deadline_ms,
                                        struct sidekey_data_key *ret)
{
    enum sidekey_status status =
        skc_key_cache_check(cache, skc_client_tenant(tenant));
    struct skc_data_key_name name;
    struct skc_key_moment asked;
    bool is_named;
    bool is_hit;

    if (status != SIDEKEY_OK) {
        return status;
    }
    is_named =
        make_name(tenant, (struct skp_view){ header, len }, options, &name);
    asked = skc_key_cache_enter(cache);
    is_hit = is_named && cache->data_keys != NULL &&
             skc_data_key_cache_find(cache->data_keys, &name, asked.at_ms, ret);
    cache->stats.data_key_hits += is_hit ? 1 : 0;
    cache->stats.data_key_misses += is_hit ? 0 : 1;
    skc_key_cache_leave(cache);
    if (is_hit) {
        return skc_key_cache_finish(cache, SIDEKEY_OK, "");
    }
    status = sidekey_unwrap(cache->agent, tenant, header, len, options,
                            deadline_ms, ret);
    if (is_named && cache->data_keys != NULL) {
        settle_data_key(cache, &name, &asked, status, ret);
    }
    return skc_key_cache_finish(cache, status,
                                sidekey_error_text(cache->agent));
}
