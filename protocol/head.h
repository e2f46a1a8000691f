/* head.h - the first bytes of a MessagePack value: what kind it is, and how
 * long.
 *
 * For those who walk a message value by value: frame.c finds its end, reader.c
 * reads it.
 *
 * Formats: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
#ifndef SKP_HEAD_H
#define SKP_HEAD_H

#include "protocol/base.h"

enum skp_kind {
    SKP_KIND_NIL,
    SKP_KIND_BOOL,
    SKP_KIND_UINT,     /* an integer from 0 up, however it was written */
    SKP_KIND_NEGATIVE, /* an integer below 0; its value is not kept */
    SKP_KIND_FLOAT,    /* its value is not kept */
    SKP_KIND_STR,
    SKP_KIND_BIN,
    SKP_KIND_ARRAY,
    SKP_KIND_MAP,
    SKP_KIND_NONE, /* no value: none begins so, or the bytes end */
};

/* What a type byte says. */
struct skp_head {
    enum skp_kind kind; /* NEGATIVE also of a signed integer that may be none */
    size_t len;         /* type byte, and bytes of length or number behind it */
    uint64_t number;    /* where those are missing: what they would say */
};

/* The type bytes from 0xc0 to 0xdf; those around hold length or number. */
struct skp_format {
    uint8_t kind;
    uint8_t width; /* bytes of length or number that follow */
};
extern const struct skp_format skp_formats[32];

/* Of the value that begins with @type. */
static inline struct skp_head skp_head_of(uint8_t type)
{
    if (type < 0x80) {
        return (struct skp_head){ SKP_KIND_UINT, 1, type };
    }
    if (type < 0x90) {
        return (struct skp_head){ SKP_KIND_MAP, 1, type & 0x0fu };
    }
    if (type < 0xa0) {
        return (struct skp_head){ SKP_KIND_ARRAY, 1, type & 0x0fu };
    }
    if (type < 0xc0) {
        return (struct skp_head){ SKP_KIND_STR, 1, type & 0x1fu };
    }
    if (type >= 0xe0) {
        return (struct skp_head){ SKP_KIND_NEGATIVE, 1, 0 };
    }
    return (struct skp_head){ (enum skp_kind)skp_formats[type - 0xc0].kind,
                              (size_t)skp_formats[type - 0xc0].width + 1, 0 };
}

/* The @len bytes at @bytes as a number, big end first. */
static inline uint64_t skp_head_number(const uint8_t *bytes, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

#endif /* SKP_HEAD_H */
