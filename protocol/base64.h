/* base64.h - the strict base64 of RFC 4648 section 4: standard alphabet,
 * padded.  Surrounding white space (space, tab, CR, LF) is dropped, white space
 * inside is an error, and so are non-zero trailing bits.
 *
 * Secrets:  works in time that does not depend on the characters decoded, as
 * far as the input is valid.
 */
#ifndef SKP_BASE64_H
#define SKP_BASE64_H

#include "protocol/secret.h"

/* Decode @text and append the bytes to @ret.
 *   SKP_ERR_INVALID_ARGUMENT    not base64 as above; @ret is as it was.
 *   SKP_ERR_RESOURCE_EXHAUSTED  @ret cannot grow. */
SKP_MUST_CHECK enum skp_err skp_base64_decode(struct skp_view text,
                                              struct skp_secret *ret);

/* The same into room of the caller's, which may be on his stack.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not fit; @ret is as it was. */
SKP_MUST_CHECK enum skp_err skp_base64_decode_to(struct skp_view text,
                                                 struct skp_buf *ret);

/* Characters that @len bytes take, without a NUL. */
size_t skp_base64_len(size_t len);

/* Encode, padded, without a NUL; SKP_ERR_RESOURCE_EXHAUSTED when it does not
 * fit. */
SKP_MUST_CHECK enum skp_err skp_base64_encode(struct skp_view bytes,
                                              struct skp_buf *ret);

#endif /* SKP_BASE64_H */
