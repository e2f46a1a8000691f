/* kmip_query.c - what a server says about itself; see kmip_query.h. */
#include "agent/source/kmip/kmip_query.h"

#include <string.h>

#include "agent/source/kmip/kmip_text.h"
#include "agent/source/kmip/ttlv.h"

#define BITS 64u

static enum skp_err refuse(struct skp_diag *diag, const char *why)
{
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s", why);
}

/* ---- Discover Versions --------------------------------------------------- */

static bool read_version(const struct skd_ttlv *item,
                         struct skd_kmip_version *ret)
{
    int32_t major = 0;
    int32_t minor = 0;

    if (item->tag != SKD_TAG_PROTOCOL_VERSION ||
        item->type != SKD_TTLV_STRUCTURE ||
        skd_ttlv_find_int(item->value, SKD_TAG_VERSION_MAJOR, &major) !=
            SKP_ERR_OK ||
        skd_ttlv_find_int(item->value, SKD_TAG_VERSION_MINOR, &minor) !=
            SKP_ERR_OK ||
        major < 0 || minor < 0) {
        return false;
    }
    *ret = (struct skd_kmip_version){ (uint32_t)major, (uint32_t)minor };
    return true;
}

enum skp_err skd_kmip_query_versions(struct skp_view payload,
                                     struct skd_kmip_versions *ret,
                                     struct skp_diag *diag)
{
    struct skd_kmip_versions versions = { .n = 0 };

    while (payload.len > 0) {
        struct skd_ttlv item;

        if (versions.n == SKD_KMIP_VERSIONS_MAX) {
            return refuse(diag, "too many protocol versions");
        }
        if (skd_ttlv_take(&payload, &item) != SKP_ERR_OK ||
            !read_version(&item, &versions.rows[versions.n])) {
            return refuse(diag, "not a list of protocol versions");
        }
        versions.n++;
    }
    *ret = versions;
    return SKP_ERR_OK;
}

/* ---- Query --------------------------------------------------------------- */

/* Set the bit of the number in @item; false when it holds none. */
static bool
take_number(const struct skd_ttlv *item, uint64_t *bits, size_t *n_others)
{
    uint32_t number;

    if (item->type != SKD_TTLV_ENUMERATION) {
        return false;
    }
    number = skd_ttlv_enum(item);
    if (number == 0) {
        return false;
    }
    if (number < BITS) {
        *bits |= UINT64_C(1) << number;
    } else {
        (*n_others)++;
    }
    return true;
}

static bool take_profile(const struct skd_ttlv *item,
                         struct skd_kmip_query *query)
{
    uint32_t name = 0;

    if (item->type != SKD_TTLV_STRUCTURE ||
        query->n_profiles == SKD_KMIP_PROFILES_MAX ||
        skd_ttlv_find_enum(item->value, SKD_TAG_PROFILE_NAME, &name) !=
            SKP_ERR_OK) {
        return false;
    }
    query->profiles[query->n_profiles++] = name;
    return true;
}

/* What is wrong with @item, or NULL. */
static const char *take_item(const struct skd_ttlv *item,
                             struct skd_kmip_query *query)
{
    switch (item->tag) {
    case SKD_TAG_OPERATION:
        return take_number(item, &query->operations, &query->n_others)
                   ? NULL
                   : "an operation that is none";
    case SKD_TAG_OBJECT_TYPE:
        return take_number(item, &query->object_types, &query->n_others)
                   ? NULL
                   : "an object type that is none";
    case SKD_TAG_PROFILE_INFORMATION:
        return take_profile(item, query) ? NULL : "bad or too many profiles";
    case SKD_TAG_SERVER_INFORMATION:
        /* Its contents are the vendor's own. */
        return item->type == SKD_TTLV_STRUCTURE ? NULL
                                                : "bad server information";
    default:
        return NULL;
    }
}

static enum skp_err read_vendor(struct skp_view payload,
                                struct skd_kmip_query *query,
                                struct skp_diag *diag)
{
    struct skp_view vendor = { NULL, 0 };
    enum skp_err err =
        skd_ttlv_find_text(payload, SKD_TAG_VENDOR_IDENTIFICATION, &vendor);

    if (err == SKP_ERR_NOT_FOUND) {
        return SKP_ERR_OK;
    }
    if (err != SKP_ERR_OK) {
        return refuse(diag, "bad or repeated vendor identification");
    }
    skd_kmip_text_copy(vendor, query->vendor, sizeof query->vendor);
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_query_read(struct skp_view payload,
                                 struct skd_kmip_query *ret,
                                 struct skp_diag *diag)
{
    struct skp_view rest = payload;
    struct skd_kmip_query query;

    memset(&query, 0, sizeof query);
    if (skd_ttlv_count(payload, SKD_TAG_SERVER_INFORMATION) > 1) {
        return refuse(diag, "repeated server information");
    }
    while (rest.len > 0) {
        struct skd_ttlv item = { 0, SKD_TTLV_STRUCTURE, { NULL, 0 } };
        const char *bad;

        if (skd_ttlv_take(&rest, &item) != SKP_ERR_OK) {
            return refuse(diag, "malformed TTLV");
        }
        bad = take_item(&item, &query);
        if (bad != NULL) {
            return refuse(diag, bad);
        }
    }
    SKP_TRY(read_vendor(payload, &query, diag));
    *ret = query;
    return SKP_ERR_OK;
}

bool skd_kmip_query_offers(const struct skd_kmip_query *query,
                           uint32_t operation)
{
    return operation < BITS && (query->operations >> operation & 1u) != 0;
}

const uint32_t *skd_kmip_query_needed(size_t *ret_n)
{
    static const uint32_t needed[] = {
        SKD_OP_LOCATE,   SKD_OP_GET,    SKD_OP_GET_ATTRIBUTES, SKD_OP_REGISTER,
        SKD_OP_ACTIVATE, SKD_OP_REVOKE, SKD_OP_DESTROY,
    };

    *ret_n = SKP_ARRAY_LEN(needed);
    return needed;
}
