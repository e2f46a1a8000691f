/* bytes.h - bounded bytes: a view to read, a buffer to write.
 *
 * Neither owns memory.  A view borrows; a buffer writes into memory that its
 * owner gave, and refuses what does not fit.
 */
#ifndef SKP_BYTES_H
#define SKP_BYTES_H

#include <string.h>

#include "protocol/base.h"

/* Borrowed bytes.  ptr may be NULL only when len is 0. */
struct skp_view {
    const uint8_t *ptr;
    size_t len;
};

/* A bounded place to write to.  len <= cap always. */
struct skp_buf {
    uint8_t *ptr;
    size_t len; /* bytes written */
    size_t cap; /* bytes there are */
};

/* A view of the characters of @text, without its NUL. */
static inline struct skp_view skp_view_of(const char *text)
{
    return (struct skp_view){ (const uint8_t *)text, strlen(text) };
}

/* True when both views hold the same bytes.  Not for secrets: its time depends
 * on the bytes. */
static inline bool skp_view_equal(struct skp_view a, struct skp_view b)
{
    /* Only a view of no bytes has no address. */
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* A buffer over the @cap bytes at @ptr, which stay the caller's. */
static inline struct skp_buf skp_buf_over(void *ptr, size_t cap)
{
    return (struct skp_buf){ (uint8_t *)ptr, 0, cap };
}

/* Claim @len bytes at the end, unset, and give their address.
 * SKP_ERR_RESOURCE_EXHAUSTED, with *ret untouched, when they do not fit. */
SKP_MUST_CHECK static inline enum skp_err
skp_buf_claim(struct skp_buf *buf, size_t len, uint8_t **ret)
{
    skp_assert(buf->len <= buf->cap);
    if (len > buf->cap - buf->len) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = buf->ptr + buf->len;
    buf->len += len;
    return SKP_ERR_OK;
}

/* Append @len bytes.  SKP_ERR_RESOURCE_EXHAUSTED, with nothing written, when
 * they do not fit. */
SKP_MUST_CHECK static inline enum skp_err
skp_buf_put(struct skp_buf *buf, const void *bytes, size_t len)
{
    uint8_t *place;

    SKP_TRY(skp_buf_claim(buf, len, &place));
    if (len > 0) {
        memcpy(place, bytes, len);
    }
    return SKP_ERR_OK;
}

/* Write @len bytes as 2 * @len lower-case hex digits and a NUL to @ret. */
void skp_hex(const uint8_t *bytes, size_t len, char *ret);

#endif /* SKP_BYTES_H */
