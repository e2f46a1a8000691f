/* base64.c - strict base64 without table look-ups; see base64.h.
 *
 * A table indexed by secret bytes shows them in the cache, so characters are
 * classified with masks: 0xff where a condition holds and 0 where not.
 */
#include "protocol/base64.h"

/* 0xff when @low <= @c <= @high; all three below 256. */
static unsigned mask_within(unsigned c, unsigned low, unsigned high)
{
    return ((low - 1u - c) & (c - high - 1u)) >> 8 & 0xffu;
}

/* 0xff when @value >= @bound; both below 256. */
static unsigned mask_from(unsigned value, unsigned bound)
{
    return (bound - 1u - value) >> 8 & 0xffu;
}

/* The six bits of @c; *bad becomes non-zero when @c is not in the alphabet. */
static unsigned decode_char(unsigned c, unsigned *bad)
{
    unsigned upper = mask_within(c, 'A', 'Z');
    unsigned lower = mask_within(c, 'a', 'z');
    unsigned digit = mask_within(c, '0', '9');
    unsigned plus = mask_within(c, '+', '+');
    unsigned slash = mask_within(c, '/', '/');

    *bad |= 0xffu ^ (upper | lower | digit | plus | slash);
    return (upper & (c - 'A')) | (lower & (c - 'a' + 26u)) |
           (digit & (c - '0' + 52u)) | (plus & 62u) | (slash & 63u);
}

static uint8_t encode_char(unsigned value)
{
    unsigned c = 'A' + value;

    /* Each step corrects the distance to the next run of the alphabet. */
    c += mask_from(value, 26) & ('a' - 'Z' - 1u);
    c -= mask_from(value, 52) & ('z' - '0' + 1u);
    c -= mask_from(value, 62) & ('9' - '+' + 1u);
    c += mask_from(value, 63) & ('/' - '+' - 1u);
    return (uint8_t)c;
}

/* Decode four characters of which the last @n_pad are padding.  Returns 0 when
 * they are well-formed. */
static unsigned decode_quad(const uint8_t text[4], size_t n_pad, uint8_t ret[3])
{
    unsigned bad = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < 4; i++) {
        unsigned c = i < 4 - n_pad ? text[i] : 'A';

        bits = bits << 6 | decode_char(c, &bad);
    }
    ret[0] = (uint8_t)(bits >> 16);
    ret[1] = (uint8_t)(bits >> 8);
    ret[2] = (uint8_t)bits;
    /* What padding stands for must be zero, or two texts would be one value. */
    for (size_t i = 3 - n_pad; i < 3; i++) {
        bad |= ret[i];
    }
    return bad;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct skp_view trim(struct skp_view text)
{
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

static size_t count_padding(struct skp_view text)
{
    size_t n = 0;

    while (n < 2 && n < text.len && text.ptr[text.len - 1 - n] == '=') {
        n++;
    }
    return n;
}

/* Decode whole quads to @ret, which has room for three bytes each.  Returns 0
 * when all are well-formed. */
static unsigned decode_all(struct skp_view text, size_t n_pad, uint8_t *ret)
{
    SKP_WIPED(uint8_t, last, 3);
    unsigned bad = 0;
    size_t at = 0;

    for (; at + 4 < text.len; at += 4) {
        bad |= decode_quad(text.ptr + at, 0, ret + at / 4 * 3);
    }
    bad |= decode_quad(text.ptr + at, n_pad, last);
    for (size_t i = 0; i < 3 - n_pad; i++) {
        ret[at / 4 * 3 + i] = last[i];
    }
    return bad;
}

/* What @text decodes to: its length, and the padding it has.  False when no
 * base64 is that long. */
static bool measure(struct skp_view text, size_t *ret_len, size_t *ret_n_pad)
{
    if (text.len % 4 != 0) {
        return false;
    }
    *ret_n_pad = count_padding(text);
    *ret_len = text.len / 4 * 3 - *ret_n_pad;
    return true;
}

enum skp_err skp_base64_decode_to(struct skp_view text, struct skp_buf *ret)
{
    size_t before = ret->len;
    size_t n_pad;
    size_t len;
    uint8_t *out;

    text = trim(text);
    if (!measure(text, &len, &n_pad)) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (text.len == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_buf_claim(ret, len, &out));
    if (decode_all(text, n_pad, out) != 0) {
        skp_wipe(out, len);
        ret->len = before;
        return SKP_ERR_INVALID_ARGUMENT;
    }
    return SKP_ERR_OK;
}

enum skp_err skp_base64_decode(struct skp_view text, struct skp_secret *ret)
{
    struct skp_buf room;
    size_t n_pad;
    size_t len;

    text = trim(text);
    if (!measure(text, &len, &n_pad)) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (text.len == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skp_secret_reserve(ret, ret->len + len));
    room = skp_buf_over(ret->bytes + ret->len, len);
    SKP_TRY(skp_base64_decode_to(text, &room));
    ret->len += len;
    return SKP_ERR_OK;
}

size_t skp_base64_len(size_t len)
{
    return len / 3 * 4 + (len % 3 == 0 ? 0 : 4);
}

enum skp_err skp_base64_encode(struct skp_view bytes, struct skp_buf *ret)
{
    uint8_t *out;

    SKP_TRY(skp_buf_claim(ret, skp_base64_len(bytes.len), &out));
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t n = bytes.len - at < 3 ? bytes.len - at : 3;
        unsigned bits = (unsigned)bytes.ptr[at] << 16;

        bits |= n > 1 ? (unsigned)bytes.ptr[at + 1] << 8 : 0;
        bits |= n > 2 ? bytes.ptr[at + 2] : 0;
        out[0] = encode_char(bits >> 18);
        out[1] = encode_char(bits >> 12 & 63u);
        out[2] = n > 1 ? encode_char(bits >> 6 & 63u) : '=';
        out[3] = n > 2 ? encode_char(bits & 63u) : '=';
        out += 4;
    }
    return SKP_ERR_OK;
}
