/* reader.h - the values of a message, one after the other, in place.
 *
 * For messages of which each value is looked at once, in their order, as those
 * of requests are: no tree is made of them, and no bytes are read twice.
 *
 * Thread:   one at a time.
 */
#ifndef SKP_READER_H
#define SKP_READER_H

#include "protocol/pack.h"

/* Open, to lie on the stack. */
struct skp_reader {
    const uint8_t *at;  /* the next value */
    const uint8_t *end; /* of the bytes */
};

/* skp_reader_next for values with more than a type byte, and for none. */
void skp_reader_next_wide(struct skp_reader *reader, struct skp_value *ret);

/* Read the next value and step over it; behind the value of an array come its
 * elements, behind that of a map its keys and values in turns.  When the bytes
 * end within its head or content, or no value that a message may hold begins
 * there, its kind is NONE, and so is that of all that follow.
 * @ret  its object is not set: skp_value_at and the like do not take it. */
static inline void skp_reader_next(struct skp_reader *reader,
                                   struct skp_value *ret)
{
    const uint8_t *at = reader->at;
    struct skp_head head;

    /* Short texts, small numbers and counts are nearly all there is. */
    if (at == reader->end || *at >= 0xc0) {
        skp_reader_next_wide(reader, ret);
        return;
    }
    head = skp_head_of(*at);
    *ret = (struct skp_value){ .kind = head.kind };
    if (head.kind == SKP_KIND_STR) {
        if (head.number >= (size_t)(reader->end - at)) {
            ret->kind = SKP_KIND_NONE;
            return;
        }
        ret->bytes = (struct skp_view){ at + 1, (size_t)head.number };
    } else if (head.kind == SKP_KIND_UINT) {
        ret->number = head.number;
    } else {
        ret->count = (size_t)head.number;
    }
    reader->at = at + 1 + ret->bytes.len;
}

#endif /* SKP_READER_H */
