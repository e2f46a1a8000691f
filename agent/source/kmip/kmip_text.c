/* kmip_text.c - words of a server; see kmip_text.h. */
#include "agent/source/kmip/kmip_text.h"

void skd_kmip_text_copy(struct skp_view text, char *ret, size_t cap)
{
    size_t len = text.len < cap - 1 ? text.len : cap - 1;

    for (size_t i = 0; i < len; i++) {
        ret[i] = '?';
        if (text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f) {
            ret[i] = (char)text.ptr[i];
        }
    }
    ret[len] = '\0';
}
