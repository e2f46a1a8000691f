/* kmip_request.c - writes request messages; see kmip_request.h.
 *
 * The order of fields is fixed (KMIP 1.4, sections 4, 6 and 7); servers refuse
 * any other.
 */
#include "agent/source/kmip/kmip_request.h"

#include "agent/source/kmip/ttlv.h"

bool skd_kmip_question_is_repeatable(const struct skd_kmip_question *question)
{
    return question->operation == SKD_OP_LOCATE ||
           question->operation == SKD_OP_GET ||
           question->operation == SKD_OP_GET_ATTRIBUTES ||
           question->operation == SKD_OP_QUERY ||
           question->operation == SKD_OP_DISCOVER_VERSIONS;
}

static void
put_version(struct skd_ttlv_writer *w, uint32_t major, uint32_t minor)
{
    skd_ttlv_begin(w, SKD_TAG_PROTOCOL_VERSION);
    skd_ttlv_put_int(w, SKD_TAG_VERSION_MAJOR, (int32_t)major);
    skd_ttlv_put_int(w, SKD_TAG_VERSION_MINOR, (int32_t)minor);
    skd_ttlv_end(w);
}

static void put_name(struct skd_ttlv_writer *w, struct skp_view tenant)
{
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("Name"));
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE_VALUE);
    skd_ttlv_put_text(w, SKD_TAG_NAME_VALUE, tenant);
    skd_ttlv_put_enum(w, SKD_TAG_NAME_TYPE, SKD_KMIP_NAME_UNINTERPRETED);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
}

static void put_custom(struct skd_ttlv_writer *w,
                       const char *attribute,
                       struct skp_view tenant)
{
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of(attribute));
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_VALUE, tenant);
    skd_ttlv_end(w);
}

static void put_locate(struct skd_ttlv_writer *w,
                       const struct skd_kmip_question *question)
{
    if (question->maximum_items > 0) {
        skd_ttlv_put_int(w, SKD_TAG_MAXIMUM_ITEMS,
                         (int32_t)question->maximum_items);
    }
    if (question->tenant.len > 0 && question->attribute == NULL) {
        put_name(w, question->tenant);
    } else if (question->tenant.len > 0) {
        put_custom(w, question->attribute, question->tenant);
    }
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("Object Type"));
    skd_ttlv_put_enum(w, SKD_TAG_ATTRIBUTE_VALUE, SKD_KMIP_OBJECT_SECRET_DATA);
    skd_ttlv_end(w);
}

static void put_template(struct skd_ttlv_writer *w,
                         const struct skd_kmip_question *question)
{
    skd_ttlv_begin(w, SKD_TAG_TEMPLATE_ATTRIBUTE);
    put_name(w, question->tenant);
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME,
                      skp_view_of("Cryptographic Usage Mask"));
    skd_ttlv_put_int(w, SKD_TAG_ATTRIBUTE_VALUE, SKD_KMIP_MASK_DERIVE_KEY);
    skd_ttlv_end(w);
    if (question->activation_s != 0) {
        skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
        skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME,
                          skp_view_of("Activation Date"));
        skd_ttlv_put_date(w, SKD_TAG_ATTRIBUTE_VALUE, question->activation_s);
        skd_ttlv_end(w);
    }
    if (question->attribute != NULL) {
        put_custom(w, question->attribute, question->tenant);
    }
    skd_ttlv_end(w);
}

static void put_register(struct skd_ttlv_writer *w,
                         const struct skd_kmip_question *question)
{
    skd_ttlv_put_enum(w, SKD_TAG_OBJECT_TYPE, SKD_KMIP_OBJECT_SECRET_DATA);
    put_template(w, question);
    skd_ttlv_begin(w, SKD_TAG_SECRET_DATA);
    skd_ttlv_put_enum(w, SKD_TAG_SECRET_DATA_TYPE, SKD_KMIP_SECRET_SEED);
    skd_ttlv_begin(w, SKD_TAG_KEY_BLOCK);
    skd_ttlv_put_enum(w, SKD_TAG_KEY_FORMAT_TYPE, SKD_KMIP_FORMAT_OPAQUE);
    skd_ttlv_begin(w, SKD_TAG_KEY_VALUE);
    skd_ttlv_put_bytes(w, SKD_TAG_KEY_MATERIAL, question->seed);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
}

static void put_attribute_names(struct skd_ttlv_writer *w,
                                const struct skd_kmip_question *question)
{
    if (question->all_attributes) {
        return;
    }
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME,
                      skp_view_of(question->attribute == NULL
                                      ? "Name"
                                      : question->attribute));
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("Object Type"));
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("State"));
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("Initial Date"));
}

static void put_revoke(struct skd_ttlv_writer *w,
                       const struct skd_kmip_question *question)
{
    skd_ttlv_begin(w, SKD_TAG_REVOCATION_REASON);
    skd_ttlv_put_enum(w, SKD_TAG_REVOCATION_REASON_CODE,
                      (uint32_t)question->revocation);
    if (question->text.len > 0) {
        skd_ttlv_put_text(w, SKD_TAG_REVOCATION_MESSAGE, question->text);
    }
    skd_ttlv_end(w);
}

static void put_versions(struct skd_ttlv_writer *w,
                         const struct skd_kmip_question *question)
{
    if (question->discover_all) {
        return;
    }
    for (uint32_t minor = question->discover_minor + 1; minor > 0; minor--) {
        put_version(w, 1, minor - 1);
    }
}

/* Servers may refuse a function that came after the version spoken. */
static uint32_t allowed_functions(struct skd_kmip_version version,
                                  const struct skd_kmip_question *question)
{
    return version.major == 1 && version.minor < 3
               ? question->query_functions & ~SKD_KMIP_QUERY_PROFILES
               : question->query_functions;
}

static void put_functions(struct skd_ttlv_writer *w, uint32_t functions)
{
    for (uint32_t function = 1; function < 32; function++) {
        if ((functions >> function & 1u) != 0) {
            skd_ttlv_put_enum(w, SKD_TAG_QUERY_FUNCTION, function);
        }
    }
}

static void put_payload(struct skd_ttlv_writer *w,
                        struct skd_kmip_version version,
                        const struct skd_kmip_question *question)
{
    if (question->identifier.len > 0) {
        skd_ttlv_put_text(w, SKD_TAG_UNIQUE_IDENTIFIER, question->identifier);
    }
    switch (question->operation) {
    case SKD_OP_LOCATE:
        put_locate(w, question);
        break;
    case SKD_OP_REGISTER:
        put_register(w, question);
        break;
    case SKD_OP_GET_ATTRIBUTES:
        put_attribute_names(w, question);
        break;
    case SKD_OP_REVOKE:
        put_revoke(w, question);
        break;
    case SKD_OP_DISCOVER_VERSIONS:
        put_versions(w, question);
        break;
    case SKD_OP_QUERY:
        put_functions(w, allowed_functions(version, question));
        break;
    case SKD_OP_GET:
    case SKD_OP_ACTIVATE:
    case SKD_OP_DESTROY:
    default:
        break;
    }
}

static void put_batch_item(struct skd_ttlv_writer *w,
                           struct skd_kmip_version version,
                           const struct skd_kmip_question *question,
                           uint32_t id)
{
    const uint8_t bytes[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16),
                               (uint8_t)(id >> 8), (uint8_t)id };

    skd_ttlv_begin(w, SKD_TAG_BATCH_ITEM);
    skd_ttlv_put_enum(w, SKD_TAG_OPERATION, (uint32_t)question->operation);
    skd_ttlv_put_bytes(w, SKD_TAG_UNIQUE_BATCH_ITEM_ID,
                       (struct skp_view){ bytes, sizeof bytes });
    skd_ttlv_begin(w, SKD_TAG_REQUEST_PAYLOAD);
    put_payload(w, version, question);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
}

/* An absent or empty identifier means "the ID Placeholder" to a server. */
static bool has_its_identifier(const struct skd_kmip_question *question)
{
    bool needs_none = question->operation == SKD_OP_LOCATE ||
                      question->operation == SKD_OP_REGISTER ||
                      question->operation == SKD_OP_QUERY ||
                      question->operation == SKD_OP_DISCOVER_VERSIONS;

    return needs_none ? question->identifier.len == 0
                      : question->identifier.len > 0;
}

enum skp_err skd_kmip_request_write(struct skd_kmip_version version,
                                    const struct skd_kmip_question *questions,
                                    size_t n,
                                    uint32_t first_id,
                                    struct skp_secret *out)
{
    struct skd_ttlv_writer w;

    skp_assert(n >= 1 && n <= SKD_KMIP_BATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!has_its_identifier(&questions[i]) ||
            (questions[i].operation == SKD_OP_QUERY &&
             allowed_functions(version, &questions[i]) == 0)) {
            return SKP_ERR_INVALID_ARGUMENT;
        }
    }
    skp_secret_clear(out);
    skd_ttlv_start(&w, out);
    skd_ttlv_begin(&w, SKD_TAG_REQUEST_MESSAGE);
    skd_ttlv_begin(&w, SKD_TAG_REQUEST_HEADER);
    put_version(&w, version.major, version.minor);
    skd_ttlv_put_int(&w, SKD_TAG_MAXIMUM_RESPONSE_SIZE,
                     (int32_t)SKD_KMIP_MESSAGE_MAX);
    if (n > 1) {
        /* The default, Stop, leaves out all items after a failed one. */
        skd_ttlv_put_enum(&w, SKD_TAG_BATCH_ERROR_CONTINUATION,
                          SKD_KMIP_BATCH_CONTINUE);
    }
    skd_ttlv_put_int(&w, SKD_TAG_BATCH_COUNT, (int32_t)n);
    skd_ttlv_end(&w);
    for (size_t i = 0; i < n; i++) {
        put_batch_item(&w, version, &questions[i], first_id + (uint32_t)i);
    }
    skd_ttlv_end(&w);
    return skd_ttlv_finish(&w);
}
