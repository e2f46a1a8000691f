/* bytes.h - bounded bytes: a view to read, a buffer to write.
 *
 * Neither owns memory.  A view borrows; a buffer writes into memory that its
 * owner gave, and refuses what does not fit.
 */
#ifndef SKP_BYTES_H
#define SKP_BYTES_H

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
struct skp_view skp_view_of(const char *text);

/* True when both views hold the same bytes.  Not for secrets: its time depends
 * on the bytes. */
bool skp_view_equal(struct skp_view a, struct skp_view b);

/* A buffer over the @cap bytes at @ptr, which stay the caller's. */
struct skp_buf skp_buf_over(void *ptr, size_t cap);

/* Append @len bytes.  SKP_ERR_RESOURCE_EXHAUSTED, with nothing written, when
 * they do not fit. */
SKP_MUST_CHECK enum skp_err
skp_buf_put(struct skp_buf *buf, const void *bytes, size_t len);

/* Claim @len bytes at the end, unset, and give their address.
 * SKP_ERR_RESOURCE_EXHAUSTED, with *ret untouched, when they do not fit. */
SKP_MUST_CHECK enum skp_err
skp_buf_claim(struct skp_buf *buf, size_t len, uint8_t **ret);

/* Write @len bytes as 2 * @len lower-case hex digits and a NUL to @ret. */
void skp_hex(const uint8_t *bytes, size_t len, char *ret);

#endif /* SKP_BYTES_H */
