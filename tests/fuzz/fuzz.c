/* fuzz.c - what the fuzz targets share; see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

uint8_t skt_fuzz_byte(struct skp_view *rest)
{
    return (uint8_t)skt_fuzz_number(rest, 1);
}

uint64_t skt_fuzz_number(struct skp_view *rest, size_t n)
{
    struct skp_view bytes = skt_fuzz_take(rest, n);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        number = number << 8 | bytes.ptr[i];
    }
    return number;
}

struct skp_view skt_fuzz_take(struct skp_view *rest, size_t n)
{
    struct skp_view taken = { rest->ptr, n < rest->len ? n : rest->len };

    rest->ptr += taken.len;
    rest->len -= taken.len;
    return taken;
}

struct skp_view skt_fuzz_until(struct skp_view *rest, uint8_t separator)
{
    size_t len = 0;
    struct skp_view taken;

    while (len < rest->len && rest->ptr[len] != separator) {
        len++;
    }
    taken = skt_fuzz_take(rest, len);
    (void)skt_fuzz_take(rest, 1);
    return taken;
}

/* ---- edits --------------------------------------------------------------- */

enum edit {
    EDIT_INVERT, /* bits of a byte */
    EDIT_SET,    /* a byte */
    EDIT_CUT,    /* everything from a place on */
    EDIT_REMOVE, /* a range */
    EDIT_INSERT, /* bytes of the script */
    EDIT_REPEAT, /* a range, behind itself */
    EDIT_SWAP,   /* a range with the one behind it */
    EDITS,
};

static void remove_range(struct skp_buf *message, size_t at, size_t n)
{
    memmove(message->ptr + at, message->ptr + at + n, message->len - at - n);
    message->len -= n;
}

static void insert(struct skp_buf *message, size_t at, struct skp_view bytes)
{
    if (bytes.len > message->cap - message->len) {
        return;
    }
    memmove(message->ptr + at + bytes.len, message->ptr + at,
            message->len - at);
    if (bytes.len > 0) {
        memmove(message->ptr + at, bytes.ptr, bytes.len);
    }
    message->len += bytes.len;
}

static void swap_ranges(struct skp_buf *message, size_t at, size_t n)
{
    uint8_t *a = message->ptr + at;

    if (message->len - at < 2 * n) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = a[i];

        a[i] = a[n + i];
        a[n + i] = byte;
    }
}

static void edit_once(struct skp_view *script, struct skp_buf *message)
{
    enum edit edit = (enum edit)(skt_fuzz_byte(script) % EDITS);
    size_t at = skt_fuzz_number(script, 3) % (message->len + 1);
    size_t n =
        edit < EDIT_CUT ? skt_fuzz_byte(script) : skt_fuzz_number(script, 2);
    size_t left = message->len - at;

    if (edit == EDIT_INSERT) {
        insert(message, at, skt_fuzz_take(script, n));
        return;
    }
    if (left == 0) {
        return;
    }
    switch (edit) {
    case EDIT_INVERT:
        message->ptr[at] ^= (uint8_t)n;
        break;
    case EDIT_SET:
        message->ptr[at] = (uint8_t)n;
        break;
    case EDIT_CUT:
        message->len = at;
        break;
    case EDIT_REMOVE:
        remove_range(message, at, n < left ? n : left);
        break;
    case EDIT_REPEAT:
        insert(message, at,
               (struct skp_view){ message->ptr + at, n < left ? n : left });
        break;
    case EDIT_SWAP:
        swap_ranges(message, at, n);
        break;
    case EDIT_INSERT:
    case EDITS:
    default:
        break;
    }
}

void skt_fuzz_edit(struct skp_view script, struct skp_buf *message)
{
    while (script.len > 0) {
        edit_once(&script, message);
    }
}

/* ---- memory -------------------------------------------------------------- */

uint8_t *skt_fuzz_copy(struct skp_view bytes)
{
    uint8_t *copy = malloc(bytes.len);

    ck_assert(copy != NULL || bytes.len == 0);
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    return copy;
}

char *skt_fuzz_text(struct skp_view bytes)
{
    char *text = malloc(bytes.len + 1);

    ck_assert_ptr_nonnull(text);
    if (bytes.len > 0) {
        memcpy(text, bytes.ptr, bytes.len);
    }
    text[bytes.len] = '\0';
    return text;
}

bool skt_fuzz_is_within(struct skp_view part, struct skp_view whole)
{
    return part.len == 0 ||
           (part.ptr >= whole.ptr && part.len <= whole.len &&
            (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

/* ---- random bytes that are none ------------------------------------------ */

static uint8_t next_byte;

static enum skp_err fill(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    for (size_t i = 0; i < len; i++) {
        buf[i] = next_byte++;
    }
    return SKP_ERR_OK;
}

const struct skp_random skt_fuzz_random = { NULL, fill };

void skt_fuzz_random_restart(void)
{
    next_byte = 1;
}
