/* keep_wire.h - numbers and bytes of what is kept over a restart:
 * little-endian, each length checked.
 */
#ifndef SKD_KEEP_WIRE_H
#define SKD_KEEP_WIRE_H

#include "protocol/bytes.h"

/* Write the lowest @n bytes of @number, 1 to 8, to @ret. */
void skd_keep_number_write(uint64_t number, size_t n, uint8_t *ret);

/* The number in the @n bytes, 1 to 8, at @bytes. */
uint64_t skd_keep_number_read(const uint8_t *bytes, size_t n);

/* Append @n bytes of @number to @out.
 *   SKP_ERR_RESOURCE_EXHAUSTED  they do not fit. */
SKP_MUST_CHECK enum skp_err
skd_keep_put(struct skp_buf *out, uint64_t number, size_t n);

/* Take @len bytes off the front of @rest; NULL when there are fewer, and
 * nothing is taken. */
const uint8_t *skd_keep_take(struct skp_view *rest, size_t len);

#endif /* SKD_KEEP_WIRE_H */
