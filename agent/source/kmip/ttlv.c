/* ttlv.c - reads TTLV; see ttlv.h.  ttlv_write.c writes it. */
#include "agent/source/kmip/ttlv.h"

static uint64_t read_number(const uint8_t *bytes, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static bool is_length_legal(unsigned type, uint64_t len)
{
    switch (type) {
    case SKD_TTLV_INTEGER:
    case SKD_TTLV_ENUMERATION:
    case SKD_TTLV_INTERVAL:
        return len == 4;
    case SKD_TTLV_LONG_INTEGER:
    case SKD_TTLV_BOOLEAN:
    case SKD_TTLV_DATE_TIME:
        return len == 8;
    case SKD_TTLV_BIG_INTEGER:
        return len > 0 && len % 8 == 0;
    case SKD_TTLV_STRUCTURE:
        return len % 8 == 0;
    case SKD_TTLV_TEXT:
    case SKD_TTLV_BYTES:
        return true;
    default:
        return false;
    }
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

enum skp_err skd_ttlv_take(struct skp_view *rest, struct skd_ttlv *ret)
{
    const uint8_t *bytes = rest->ptr;
    uint64_t len;
    uint64_t padded;

    if (rest->len < SKD_TTLV_HEADER_LEN ||
        (bytes[0] != 0x42 && bytes[0] != 0x54)) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    /* In 64 bits, so that rounding up cannot wrap: the field may hold
     * FFFFFFFF. */
    len = read_number(bytes + 4, 4);
    padded = (len + 7u) & ~UINT64_C(7);
    if (!is_length_legal(bytes[3], len) ||
        padded > rest->len - SKD_TTLV_HEADER_LEN) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (!is_zero(bytes + SKD_TTLV_HEADER_LEN + len, (size_t)(padded - len))) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (bytes[3] == SKD_TTLV_BOOLEAN &&
        read_number(bytes + SKD_TTLV_HEADER_LEN, 8) > 1) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    ret->tag = (uint32_t)read_number(bytes, 3);
    ret->type = (enum skd_ttlv_type)bytes[3];
    ret->value = (struct skp_view){ bytes + SKD_TTLV_HEADER_LEN, (size_t)len };
    rest->ptr += SKD_TTLV_HEADER_LEN + padded;
    rest->len -= SKD_TTLV_HEADER_LEN + (size_t)padded;
    return SKP_ERR_OK;
}

enum skp_err skd_ttlv_check(struct skp_view message)
{
    struct skp_view open[SKD_TTLV_DEPTH_MAX + 1];
    size_t depth = 1;

    open[0] = message;
    while (depth > 0) {
        struct skd_ttlv item;

        if (open[depth - 1].len == 0) {
            depth--;
            continue;
        }
        SKP_TRY(skd_ttlv_take(&open[depth - 1], &item));
        if (item.type != SKD_TTLV_STRUCTURE) {
            continue;
        }
        if (depth == SKP_ARRAY_LEN(open)) {
            return SKP_ERR_INVALID_ARGUMENT;
        }
        open[depth++] = item.value;
    }
    return SKP_ERR_OK;
}

enum skp_err skd_ttlv_find(struct skp_view parent,
                           uint32_t tag,
                           enum skd_ttlv_type type,
                           struct skd_ttlv *ret)
{
    struct skd_ttlv found = { 0, type, { NULL, 0 } };
    struct skd_ttlv item;

    while (parent.len > 0) {
        SKP_TRY(skd_ttlv_take(&parent, &item));
        if (item.tag != tag) {
            continue;
        }
        if (found.tag != 0 || item.type != type) {
            return SKP_ERR_INVALID_ARGUMENT;
        }
        found = item;
    }
    if (found.tag == 0) {
        return SKP_ERR_NOT_FOUND;
    }
    *ret = found;
    return SKP_ERR_OK;
}

static enum skp_err find_view(struct skp_view parent,
                              uint32_t tag,
                              enum skd_ttlv_type type,
                              struct skp_view *ret)
{
    struct skd_ttlv item;

    SKP_TRY(skd_ttlv_find(parent, tag, type, &item));
    *ret = item.value;
    return SKP_ERR_OK;
}

enum skp_err skd_ttlv_find_structure(struct skp_view parent,
                                     uint32_t tag,
                                     struct skp_view *ret)
{
    return find_view(parent, tag, SKD_TTLV_STRUCTURE, ret);
}

enum skp_err
skd_ttlv_find_text(struct skp_view parent, uint32_t tag, struct skp_view *ret)
{
    return find_view(parent, tag, SKD_TTLV_TEXT, ret);
}

enum skp_err
skd_ttlv_find_bytes(struct skp_view parent, uint32_t tag, struct skp_view *ret)
{
    return find_view(parent, tag, SKD_TTLV_BYTES, ret);
}

enum skp_err
skd_ttlv_find_int(struct skp_view parent, uint32_t tag, int32_t *ret)
{
    struct skd_ttlv item;

    SKP_TRY(skd_ttlv_find(parent, tag, SKD_TTLV_INTEGER, &item));
    *ret = skd_ttlv_int(&item);
    return SKP_ERR_OK;
}

enum skp_err
skd_ttlv_find_enum(struct skp_view parent, uint32_t tag, uint32_t *ret)
{
    struct skd_ttlv item;

    SKP_TRY(skd_ttlv_find(parent, tag, SKD_TTLV_ENUMERATION, &item));
    *ret = skd_ttlv_enum(&item);
    return SKP_ERR_OK;
}

size_t skd_ttlv_count(struct skp_view parent, uint32_t tag)
{
    struct skd_ttlv item;
    size_t count = 0;

    while (parent.len > 0 && skd_ttlv_take(&parent, &item) == SKP_ERR_OK) {
        count += item.tag == tag;
    }
    return count;
}

int32_t skd_ttlv_int(const struct skd_ttlv *item)
{
    return (int32_t)(uint32_t)read_number(item->value.ptr, 4);
}

int64_t skd_ttlv_long(const struct skd_ttlv *item)
{
    return (int64_t)read_number(item->value.ptr, 8);
}

uint32_t skd_ttlv_enum(const struct skd_ttlv *item)
{
    return (uint32_t)read_number(item->value.ptr, 4);
}

bool skd_ttlv_bool(const struct skd_ttlv *item)
{
    return item->value.ptr[7] != 0;
}

/* Bytes of the UTF-8 character at @text, 0 when it is none.  The ranges of the
 * second byte are the table of RFC 3629 section 4. */
static size_t measure_character(const uint8_t *text, size_t len)
{
    uint8_t least = 0x80;
    uint8_t most = 0xbf;
    size_t need;

    if (text[0] < 0x80) {
        return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
    }
    if (text[0] < 0xc2 || text[0] > 0xf4) {
        return 0;
    }
    need = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] == 0xe0 || text[0] == 0xc2) {
        least = 0xa0; /* U+0080 to U+009F, behind C2, are controls too */
    } else if (text[0] == 0xed) {
        most = 0x9f;
    } else if (text[0] == 0xf0) {
        least = 0x90;
    } else if (text[0] == 0xf4) {
        most = 0x8f;
    }
    if (len < need || text[1] < least || text[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return need;
}

bool skd_ttlv_is_clean_text(struct skp_view text)
{
    while (text.len > 0) {
        size_t len = measure_character(text.ptr, text.len);

        if (len == 0) {
            return false;
        }
        text.ptr += len;
        text.len -= len;
    }
    return true;
}
