/* kmip_text.h - words of a KMIP server, made fit for logs and terminals. */
#ifndef SKD_KMIP_TEXT_H
#define SKD_KMIP_TEXT_H

#include "protocol/bytes.h"

/* Copy @text to @ret, cut to @cap - 1 bytes and ended with a NUL; every byte
 * that is no printable ASCII becomes '?'.  @cap is 1 or more. */
void skd_kmip_text_copy(struct skp_view text, char *ret, size_t cap);

#endif /* SKD_KMIP_TEXT_H */
