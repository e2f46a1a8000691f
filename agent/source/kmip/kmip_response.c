/* kmip_response.c - reads response messages; see kmip_response.h. */
#include "agent/source/kmip/kmip_response.h"

#include <string.h>

#include "agent/source/kmip/ttlv.h"

/* One batch item as it came, before it is matched to a question. */
struct raw_item {
    bool has_operation;
    uint32_t operation;
    bool has_id;
    uint32_t id;
    struct skd_kmip_answer answer;
};

struct reader {
    const struct skd_kmip_question *questions;
    size_t n;
    uint32_t first_id;
    struct skd_kmip_response *response;
    struct skp_diag *diag;
};

static enum skp_err refuse(struct skp_diag *diag, const char *why)
{
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s", why);
}

enum skp_err skd_kmip_response_measure(const uint8_t header[8],
                                       size_t *ret_len,
                                       struct skp_diag *diag)
{
    static const uint8_t expected[4] = { 0x42, 0x00, 0x7b, SKD_TTLV_STRUCTURE };
    uint64_t len = (uint64_t)header[4] << 24 | (uint64_t)header[5] << 16 |
                   (uint64_t)header[6] << 8 | header[7];

    if (memcmp(header, expected, sizeof expected) != 0) {
        return refuse(diag, "no KMIP response message");
    }
    if (len % 8 != 0 || len > SKD_KMIP_MESSAGE_MAX - SKD_TTLV_HEADER_LEN) {
        return refuse(diag, "its length is over the limit or no multiple of 8");
    }
    *ret_len = (size_t)len + SKD_TTLV_HEADER_LEN;
    return SKP_ERR_OK;
}

/* ---- the header ---------------------------------------------------------- */

/* Any 1.x is taken: bodies look alike, and errors of an unreadable request
 * come in 1.0. */
static bool is_version_known(struct skp_view header)
{
    struct skp_view version = { NULL, 0 };
    int32_t major = 0;
    int32_t minor = 0;

    return skd_ttlv_find_structure(header, SKD_TAG_PROTOCOL_VERSION,
                                   &version) == SKP_ERR_OK &&
           skd_ttlv_find_int(version, SKD_TAG_VERSION_MAJOR, &major) ==
               SKP_ERR_OK &&
           skd_ttlv_find_int(version, SKD_TAG_VERSION_MINOR, &minor) ==
               SKP_ERR_OK &&
           major == 1 && minor >= 0 && minor <= 4;
}

static enum skp_err read_header(struct reader *reader,
                                const struct skd_ttlv *item,
                                size_t *ret_count)
{
    int32_t count = 0;

    if (item->tag != SKD_TAG_RESPONSE_HEADER ||
        item->type != SKD_TTLV_STRUCTURE) {
        return refuse(reader->diag, "no response header");
    }
    if (!is_version_known(item->value)) {
        return refuse(reader->diag, "its protocol version is not KMIP 1.x");
    }
    if (skd_ttlv_find_int(item->value, SKD_TAG_BATCH_COUNT, &count) !=
            SKP_ERR_OK ||
        count < 0) {
        return refuse(reader->diag, "no batch count");
    }
    if ((size_t)count > reader->n) {
        return refuse(reader->diag, "more items than were asked for");
    }
    *ret_count = (size_t)count;
    return SKP_ERR_OK;
}

/* ---- items --------------------------------------------------------------- */

/* An optional field: absent is fine, anything but one of its type is not. */
static bool is_absent_or(enum skp_err found, bool *ret_is_there)
{
    *ret_is_there = found == SKP_ERR_OK;
    return found == SKP_ERR_OK || found == SKP_ERR_NOT_FOUND;
}

static bool read_id(struct skp_view fields, struct raw_item *ret)
{
    struct skp_view id = { NULL, 0 };

    if (!is_absent_or(
            skd_ttlv_find_bytes(fields, SKD_TAG_UNIQUE_BATCH_ITEM_ID, &id),
            &ret->has_id)) {
        return false;
    }
    if (!ret->has_id) {
        return true;
    }
    if (id.len != 4) {
        return false;
    }
    ret->id = (uint32_t)id.ptr[0] << 24 | (uint32_t)id.ptr[1] << 16 |
              (uint32_t)id.ptr[2] << 8 | id.ptr[3];
    return true;
}

static bool has_critical_extension(struct skp_view fields)
{
    struct skd_ttlv item;

    while (fields.len > 0 && skd_ttlv_take(&fields, &item) == SKP_ERR_OK) {
        struct skd_ttlv critical;

        if (item.tag != SKD_TAG_MESSAGE_EXTENSION) {
            continue;
        }
        if (item.type != SKD_TTLV_STRUCTURE ||
            skd_ttlv_find(item.value, SKD_TAG_CRITICALITY_INDICATOR,
                          SKD_TTLV_BOOLEAN, &critical) != SKP_ERR_OK ||
            skd_ttlv_bool(&critical)) {
            return true;
        }
    }
    return false;
}

/* What makes a Success unbelievable, or NULL. */
static const char *doubt(struct skp_view fields, const struct raw_item *item)
{
    if (item->answer.status != SKD_STATUS_SUCCESS) {
        return NULL;
    }
    if (!item->has_operation) {
        return "success without an operation";
    }
    if (item->answer.reason != 0) {
        return "success with a result reason";
    }
    if (has_critical_extension(fields)) {
        return "a critical message extension";
    }
    return NULL;
}

static enum skp_err
read_fields(struct skp_view fields, struct raw_item *ret, struct skp_diag *diag)
{
    bool is_there;

    if (!is_absent_or(
            skd_ttlv_find_enum(fields, SKD_TAG_OPERATION, &ret->operation),
            &ret->has_operation)) {
        return refuse(diag, "bad operation field");
    }
    if (!read_id(fields, ret)) {
        return refuse(diag, "bad batch item id");
    }
    if (skd_ttlv_find_enum(fields, SKD_TAG_RESULT_STATUS,
                           &ret->answer.status) != SKP_ERR_OK ||
        ret->answer.status > SKD_STATUS_UNDONE) {
        return refuse(diag, "no known result status");
    }
    if (!is_absent_or(skd_ttlv_find_enum(fields, SKD_TAG_RESULT_REASON,
                                         &ret->answer.reason),
                      &is_there) ||
        !is_absent_or(skd_ttlv_find_text(fields, SKD_TAG_RESULT_MESSAGE,
                                         &ret->answer.message),
                      &is_there)) {
        return refuse(diag, "bad result reason or message");
    }
    if (!is_absent_or(skd_ttlv_find_structure(fields, SKD_TAG_RESPONSE_PAYLOAD,
                                              &ret->answer.payload),
                      &is_there)) {
        return refuse(diag, "bad or repeated payload");
    }
    ret->answer.bad = doubt(fields, ret);
    return SKP_ERR_OK;
}

/* Give @item to the question it answers. */
static enum skp_err
match_item(struct reader *reader, const struct raw_item *item, size_t n_items)
{
    size_t index = 0;
    struct skd_kmip_answer *answer;

    if (item->has_id) {
        index = item->id - reader->first_id;
        if (index >= reader->n) {
            return refuse(reader->diag, "answers another request");
        }
    } else if (n_items == 1 && !item->has_operation &&
               item->answer.status != SKD_STATUS_SUCCESS) {
        reader->response->is_refused = true;
        reader->response->refusal = item->answer;
        return SKP_ERR_OK;
    } else if (reader->n > 1) {
        return refuse(reader->diag, "an item without its batch item id");
    }
    answer = &reader->response->answers[index];
    if (item->has_operation &&
        item->operation != (uint32_t)reader->questions[index].operation) {
        return refuse(reader->diag, "answers another operation");
    }
    if (answer->is_answered) {
        return refuse(reader->diag, "two answers to one question");
    }
    *answer = item->answer;
    answer->is_answered = true;
    return SKP_ERR_OK;
}

static enum skp_err read_items(struct reader *reader, struct skp_view rest)
{
    struct skd_ttlv item = { 0, SKD_TTLV_STRUCTURE, { NULL, 0 } };
    size_t n_items = 0;
    size_t n_seen = 0;

    if (skd_ttlv_take(&rest, &item) != SKP_ERR_OK) {
        return refuse(reader->diag, "no response header");
    }
    SKP_TRY(read_header(reader, &item, &n_items));
    while (rest.len > 0) {
        struct raw_item raw;

        memset(&raw, 0, sizeof raw);
        if (skd_ttlv_take(&rest, &item) != SKP_ERR_OK ||
            item.tag != SKD_TAG_BATCH_ITEM || item.type != SKD_TTLV_STRUCTURE ||
            ++n_seen > n_items) {
            return refuse(reader->diag, "not the announced batch items");
        }
        SKP_TRY(read_fields(item.value, &raw, reader->diag));
        SKP_TRY(match_item(reader, &raw, n_items));
    }
    if (n_seen != n_items) {
        return refuse(reader->diag, "not the announced batch items");
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_response_read(struct skp_view message,
                                    const struct skd_kmip_question *questions,
                                    size_t n,
                                    uint32_t first_id,
                                    struct skd_kmip_response *ret,
                                    struct skp_diag *diag)
{
    struct reader reader = { questions, n, first_id, ret, diag };
    size_t len = 0;

    memset(ret, 0, sizeof *ret);
    if (message.len < SKD_TTLV_HEADER_LEN) {
        return refuse(diag, "no KMIP response message");
    }
    SKP_TRY(skd_kmip_response_measure(message.ptr, &len, diag));
    if (len != message.len) {
        return refuse(diag, "its length is not what it says");
    }
    /* Once for the whole tree: nothing below can be malformed afterwards. */
    if (skd_ttlv_check(message) != SKP_ERR_OK) {
        return refuse(diag, "malformed TTLV");
    }
    message.ptr += SKD_TTLV_HEADER_LEN;
    message.len -= SKD_TTLV_HEADER_LEN;
    return read_items(&reader, message);
}
