/* kmip_payload.c - looks into payloads; see kmip_payload.h. */
#include "agent/source/kmip/kmip_payload.h"

#include "agent/source/kmip/ttlv.h"
#include "protocol/base64.h"

static enum skp_err refuse(struct skp_diag *diag, const char *why)
{
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s", why);
}

/* An identifier that could be taken for another one, or for none, is none. */
static bool is_identifier(struct skp_view identifier)
{
    return identifier.len > 0 && identifier.len <= SKD_KMIP_IDENTIFIER_MAX &&
           skd_ttlv_is_clean_text(identifier);
}

/* ---- Locate -------------------------------------------------------------- */

/* Objects that the server says it has located, when it says so (KMIP 1.3). */
static enum skp_err
read_located(struct skp_view payload, size_t *ret, struct skp_diag *diag)
{
    int32_t located = 0;
    enum skp_err err =
        skd_ttlv_find_int(payload, SKD_TAG_LOCATED_ITEMS, &located);

    if (err == SKP_ERR_NOT_FOUND) {
        return SKP_ERR_OK;
    }
    if (err != SKP_ERR_OK || located < 0) {
        return refuse(diag, "bad number of located items");
    }
    *ret = (size_t)located;
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_payload_locate(struct skp_view payload,
                                     size_t *ret_n,
                                     struct skp_view *ret,
                                     struct skp_diag *diag)
{
    struct skp_view identifier = { NULL, 0 };
    size_t located = 0;
    size_t n = 0;

    SKP_TRY(read_located(payload, &located, diag));
    while (payload.len > 0) {
        struct skd_ttlv item;

        if (skd_ttlv_take(&payload, &item) != SKP_ERR_OK) {
            return refuse(diag, "malformed TTLV");
        }
        if (item.tag != SKD_TAG_UNIQUE_IDENTIFIER) {
            continue;
        }
        if (item.type != SKD_TTLV_TEXT || !is_identifier(item.value)) {
            return refuse(diag, "an identifier that is none");
        }
        identifier = item.value;
        n++;
    }
    if (n == 0 && located > 0) {
        return refuse(diag, "located items without an identifier");
    }
    /* More than one, listed or only counted: all the same to the caller. */
    *ret_n = n > 1 || located > 1 ? 2 : n;
    *ret = identifier;
    return SKP_ERR_OK;
}

/* ---- Get ----------------------------------------------------------------- */

static enum skp_err check_identifier(struct skp_view payload,
                                     struct skp_view expected,
                                     struct skp_diag *diag)
{
    struct skp_view identifier = { NULL, 0 };

    if (skd_ttlv_find_text(payload, SKD_TAG_UNIQUE_IDENTIFIER, &identifier) !=
        SKP_ERR_OK) {
        return refuse(diag, "not one unique identifier");
    }
    if (!skp_view_equal(identifier, expected)) {
        return refuse(diag, "the answer is about another object");
    }
    return SKP_ERR_OK;
}

static enum skp_err check_key_block(struct skp_view block,
                                    struct skp_diag *diag)
{
    uint32_t format = 0;

    if (skd_ttlv_count(block, SKD_TAG_KEY_WRAPPING_DATA) > 0) {
        return refuse(diag, "the key is wrapped");
    }
    if (skd_ttlv_count(block, SKD_TAG_KEY_COMPRESSION_TYPE) > 0) {
        return refuse(diag, "the key is compressed");
    }
    if (skd_ttlv_find_enum(block, SKD_TAG_KEY_FORMAT_TYPE, &format) !=
            SKP_ERR_OK ||
        (format != SKD_KMIP_FORMAT_RAW && format != SKD_KMIP_FORMAT_OPAQUE)) {
        return refuse(diag, "its key format is neither Raw nor Opaque");
    }
    return SKP_ERR_OK;
}

/* The Key Material inside the one Secret Data of @payload. */
static enum skp_err find_material(struct skp_view payload,
                                  struct skp_view *ret,
                                  struct skp_diag *diag)
{
    struct skp_view data = { NULL, 0 };
    struct skp_view block = { NULL, 0 };
    struct skp_view value = { NULL, 0 };
    uint32_t kind = 0;

    if (skd_ttlv_find_structure(payload, SKD_TAG_SECRET_DATA, &data) !=
        SKP_ERR_OK) {
        return refuse(diag, "not one Secret Data");
    }
    if (skd_ttlv_find_enum(data, SKD_TAG_SECRET_DATA_TYPE, &kind) !=
            SKP_ERR_OK ||
        (kind != SKD_KMIP_SECRET_SEED && kind != SKD_KMIP_SECRET_PASSWORD)) {
        return refuse(diag, "its secret data type is unknown");
    }
    if (skd_ttlv_find_structure(data, SKD_TAG_KEY_BLOCK, &block) !=
        SKP_ERR_OK) {
        return refuse(diag, "not one Key Block");
    }
    SKP_TRY(check_key_block(block, diag));
    if (skd_ttlv_find_structure(block, SKD_TAG_KEY_VALUE, &value) !=
        SKP_ERR_OK) {
        return refuse(diag, "not one Key Value in the clear");
    }
    if (skd_ttlv_find_bytes(value, SKD_TAG_KEY_MATERIAL, ret) != SKP_ERR_OK) {
        return refuse(diag, "not one Key Material of bytes");
    }
    return SKP_ERR_OK;
}

static bool is_all_zero(struct skp_view bytes)
{
    uint8_t any = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        any |= bytes.ptr[i];
    }
    return any == 0;
}

static enum skp_err check_seed(struct skp_view text, struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret seed = { NULL, 0, 0 };
    enum skp_err err = skp_base64_decode(text, &seed);

    if (err == SKP_ERR_RESOURCE_EXHAUSTED) {
        return skp_fail(diag, err, "no locked memory for a seed");
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the seed is not base64");
    }
    if (seed.len < SKP_SEED_MIN) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the seed is too short");
    }
    if (is_all_zero(skp_secret_view(&seed))) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the seed is all zero");
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_payload_seed(struct skp_view payload,
                                   struct skp_view identifier,
                                   struct skp_view *ret,
                                   struct skp_diag *diag)
{
    struct skp_view material = { NULL, 0 };
    uint32_t object_type = 0;

    SKP_TRY(check_identifier(payload, identifier, diag));
    if (skd_ttlv_find_enum(payload, SKD_TAG_OBJECT_TYPE, &object_type) !=
            SKP_ERR_OK ||
        object_type != SKD_KMIP_OBJECT_SECRET_DATA) {
        return refuse(diag, "its object type is not Secret Data");
    }
    if (skd_ttlv_count(payload, SKD_TAG_SYMMETRIC_KEY) > 0) {
        return refuse(diag, "a Symmetric Key beside Secret Data");
    }
    SKP_TRY(find_material(payload, &material, diag));
    SKP_TRY(check_seed(material, diag));
    *ret = material;
    return SKP_ERR_OK;
}

/* ---- Get Attributes ------------------------------------------------------ */

bool skd_kmip_payload_next_attribute(struct skp_view *rest,
                                     struct skp_view *ret_name,
                                     struct skp_view *ret_attribute)
{
    struct skd_ttlv item;

    while (rest->len > 0 && skd_ttlv_take(rest, &item) == SKP_ERR_OK) {
        if (item.tag == SKD_TAG_ATTRIBUTE && item.type == SKD_TTLV_STRUCTURE &&
            skd_ttlv_find_text(item.value, SKD_TAG_ATTRIBUTE_NAME, ret_name) ==
                SKP_ERR_OK) {
            *ret_attribute = item.value;
            return true;
        }
    }
    return false;
}

/* The one enumeration attribute called @name. */
static bool
find_enum_attribute(struct skp_view payload, const char *name, uint32_t *ret)
{
    struct skp_view found_name = { NULL, 0 };
    struct skp_view attribute = { NULL, 0 };
    size_t n_found = 0;

    while (skd_kmip_payload_next_attribute(&payload, &found_name, &attribute)) {
        if (!skp_view_equal(found_name, skp_view_of(name))) {
            continue;
        }
        n_found++;
        if (skd_ttlv_find_enum(attribute, SKD_TAG_ATTRIBUTE_VALUE, ret) !=
            SKP_ERR_OK) {
            return false;
        }
    }
    return n_found == 1;
}

static bool is_name(struct skp_view attribute, struct skp_view tenant)
{
    struct skp_view value = { NULL, 0 };
    struct skp_view name = { NULL, 0 };
    uint32_t type = 0;

    return skd_ttlv_find_structure(attribute, SKD_TAG_ATTRIBUTE_VALUE,
                                   &value) == SKP_ERR_OK &&
           skd_ttlv_find_text(value, SKD_TAG_NAME_VALUE, &name) == SKP_ERR_OK &&
           skd_ttlv_find_enum(value, SKD_TAG_NAME_TYPE, &type) == SKP_ERR_OK &&
           type == SKD_KMIP_NAME_UNINTERPRETED && skp_view_equal(name, tenant);
}

static bool is_custom(struct skp_view attribute, struct skp_view tenant)
{
    struct skp_view value = { NULL, 0 };

    return skd_ttlv_find_text(attribute, SKD_TAG_ATTRIBUTE_VALUE, &value) ==
               SKP_ERR_OK &&
           skp_view_equal(value, tenant);
}

/* An object may have several names; one of them must be the tenant's. */
static bool bears_tenant(struct skp_view payload,
                         struct skp_view tenant,
                         const char *custom)
{
    struct skp_view wanted = skp_view_of(custom == NULL ? "Name" : custom);
    struct skp_view name = { NULL, 0 };
    struct skp_view attribute = { NULL, 0 };

    while (skd_kmip_payload_next_attribute(&payload, &name, &attribute)) {
        if (skp_view_equal(name, wanted) &&
            (custom == NULL ? is_name(attribute, tenant)
                            : is_custom(attribute, tenant))) {
            return true;
        }
    }
    return false;
}

enum skp_err skd_kmip_payload_state(struct skp_view payload,
                                    struct skp_view identifier,
                                    struct skp_view tenant,
                                    const char *attribute,
                                    enum skd_kmip_state *ret,
                                    struct skp_diag *diag)
{
    uint32_t object_type = 0;
    uint32_t state = 0;

    SKP_TRY(check_identifier(payload, identifier, diag));
    if (!find_enum_attribute(payload, "Object Type", &object_type) ||
        object_type != SKD_KMIP_OBJECT_SECRET_DATA) {
        return refuse(diag, "its object type is not Secret Data");
    }
    if (tenant.len > 0 && !bears_tenant(payload, tenant, attribute)) {
        return refuse(diag, "the object bears another name");
    }
    if (!find_enum_attribute(payload, "State", &state) ||
        state < SKD_STATE_PRE_ACTIVE ||
        state > SKD_STATE_DESTROYED_COMPROMISED) {
        return refuse(diag, "not one known state");
    }
    *ret = (enum skd_kmip_state)state;
    return SKP_ERR_OK;
}

int64_t skd_kmip_payload_initial(struct skp_view payload)
{
    struct skp_view name = { NULL, 0 };
    struct skp_view attribute = { NULL, 0 };
    struct skd_ttlv date;
    int64_t found_s = 0;
    size_t n_found = 0;

    while (skd_kmip_payload_next_attribute(&payload, &name, &attribute)) {
        if (!skp_view_equal(name, skp_view_of("Initial Date"))) {
            continue;
        }
        n_found++;
        if (skd_ttlv_find(attribute, SKD_TAG_ATTRIBUTE_VALUE,
                          SKD_TTLV_DATE_TIME, &date) == SKP_ERR_OK) {
            found_s = skd_ttlv_long(&date);
        }
    }
    return n_found == 1 ? found_s : 0;
}

/* ---- the others ---------------------------------------------------------- */

enum skp_err skd_kmip_payload_identifier(struct skp_view payload,
                                         struct skp_view expected,
                                         struct skp_view *ret,
                                         struct skp_diag *diag)
{
    struct skp_view identifier = { NULL, 0 };

    if (skd_ttlv_find_text(payload, SKD_TAG_UNIQUE_IDENTIFIER, &identifier) !=
            SKP_ERR_OK ||
        !is_identifier(identifier)) {
        return refuse(diag, "not one unique identifier");
    }
    if (expected.len > 0 && !skp_view_equal(identifier, expected)) {
        return refuse(diag, "the answer is about another object");
    }
    *ret = identifier;
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_payload_versions(struct skp_view payload,
                                       uint32_t minor_max,
                                       struct skd_kmip_version *ret,
                                       struct skp_diag *diag)
{
    int32_t best = -1;

    while (payload.len > 0) {
        struct skd_ttlv item;
        int32_t major = 0;
        int32_t minor = 0;

        if (skd_ttlv_take(&payload, &item) != SKP_ERR_OK ||
            item.tag != SKD_TAG_PROTOCOL_VERSION ||
            item.type != SKD_TTLV_STRUCTURE ||
            skd_ttlv_find_int(item.value, SKD_TAG_VERSION_MAJOR, &major) !=
                SKP_ERR_OK ||
            skd_ttlv_find_int(item.value, SKD_TAG_VERSION_MINOR, &minor) !=
                SKP_ERR_OK) {
            return refuse(diag, "not a list of protocol versions");
        }
        if (major == 1 && minor <= (int32_t)minor_max && minor > best) {
            best = minor;
        }
    }
    if (best < 0) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND,
                        "the server speaks no version of KMIP that we do");
    }
    *ret = (struct skd_kmip_version){ 1, (uint32_t)best };
    return SKP_ERR_OK;
}
