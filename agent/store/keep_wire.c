/* keep_wire.c - numbers and bytes of what is kept; see keep_wire.h. */
#include "agent/store/keep_wire.h"

void skd_keep_number_write(uint64_t number, size_t n, uint8_t *ret)
{
    skp_assert(n >= 1 && n <= 8);
    for (size_t i = 0; i < n; i++) {
        ret[i] = (uint8_t)(number >> (8 * i));
    }
}

uint64_t skd_keep_number_read(const uint8_t *bytes, size_t n)
{
    uint64_t number = 0;

    skp_assert(n >= 1 && n <= 8);
    for (size_t i = 0; i < n; i++) {
        number |= (uint64_t)bytes[i] << (8 * i);
    }
    return number;
}

enum skp_err skd_keep_put(struct skp_buf *out, uint64_t number, size_t n)
{
    uint8_t *place;

    SKP_TRY(skp_buf_claim(out, n, &place));
    skd_keep_number_write(number, n, place);
    return SKP_ERR_OK;
}

const uint8_t *skd_keep_take(struct skp_view *rest, size_t len)
{
    const uint8_t *taken = rest->ptr;

    if (rest->len < len) {
        return NULL;
    }
    rest->ptr += len;
    rest->len -= len;
    return taken;
}
