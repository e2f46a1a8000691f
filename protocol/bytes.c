/* bytes.c - bounded bytes; see bytes.h. */
#include "protocol/bytes.h"

#include <string.h>

struct skp_view skp_view_of(const char *text)
{
    return (struct skp_view){ (const uint8_t *)text, strlen(text) };
}

bool skp_view_equal(struct skp_view a, struct skp_view b)
{
    if (a.len != b.len) {
        return false;
    }
    return a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0;
}

struct skp_buf skp_buf_over(void *ptr, size_t cap)
{
    return (struct skp_buf){ ptr, 0, cap };
}

enum skp_err skp_buf_put(struct skp_buf *buf, const void *bytes, size_t len)
{
    uint8_t *place;

    SKP_TRY(skp_buf_claim(buf, len, &place));
    if (len > 0) {
        memcpy(place, bytes, len);
    }
    return SKP_ERR_OK;
}

enum skp_err skp_buf_claim(struct skp_buf *buf, size_t len, uint8_t **ret)
{
    skp_assert(buf->len <= buf->cap);
    if (len > buf->cap - buf->len) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = buf->ptr + buf->len;
    buf->len += len;
    return SKP_ERR_OK;
}

void skp_hex(const uint8_t *bytes, size_t len, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * len] = '\0';
}
