/* pack.h - the door to msgpack-c: write values into a bounded buffer, read
 * values out of a message that skp_frame_scan has bounded.
 *
 * No other file knows msgpack-c.  Its encoder writes to its place in the
 * caller's buffer, never into a growing one of the library's.  Reading copies
 * no content: str and bin are views into the message; the scratch holds only
 * the tree of values, and is reused from message to message.
 *
 * Thread:   one at a time.
 * Secrets:  a packer that did not fit wipes what it wrote.
 */
#ifndef SKP_PACK_H
#define SKP_PACK_H

#include "protocol/frame.h"
#include "protocol/head.h"

/* ---- writing ------------------------------------------------------------ */

/* Errors stick: write everything, then ask skp_packer_done. */
struct skp_packer {
    struct skp_buf *out; /* borrowed */
    size_t start;        /* length of out before the first value */
    bool is_full;
};

/* Write behind what @out holds. */
static inline struct skp_packer skp_packer_to(struct skp_buf *out)
{
    return (struct skp_packer){ .out = out, .start = out->len };
}

/* A place of @len bytes for values that are encoded already, to be filled in.
 * What does not fit gets none, here and later; that is noted, and told by the
 * end. */
static inline uint8_t *skp_pack_claim(struct skp_packer *packer, size_t len)
{
    uint8_t *place = NULL;

    if (!packer->is_full &&
        skp_buf_claim(packer->out, len, &place) != SKP_ERR_OK) {
        packer->is_full = true;
    }
    return place;
}

/* One value each.  What does not fit is noted, and told by the end. */
void skp_pack_nil(struct skp_packer *packer);
void skp_pack_bool(struct skp_packer *packer, bool value);
void skp_pack_uint(struct skp_packer *packer, uint64_t value);
void skp_pack_str(struct skp_packer *packer, struct skp_view text);
void skp_pack_bin(struct skp_packer *packer, struct skp_view bytes);

/* A str, too. */
static inline void skp_pack_text(struct skp_packer *packer, const char *text)
{
    skp_pack_str(packer, skp_view_of(text));
}

/* @count elements, or entries, are to follow. */
void skp_pack_array(struct skp_packer *packer, size_t count);
void skp_pack_map(struct skp_packer *packer, size_t count);

/* The head of a str of @len bytes, to be followed by skp_pack_part calls that
 * give all of them. */
void skp_pack_str_head(struct skp_packer *packer, size_t len);

/* Bytes as they are: of such a str, or values that are encoded already. */
static inline void skp_pack_part(struct skp_packer *packer,
                                 struct skp_view part)
{
    if (!packer->is_full &&
        skp_buf_put(packer->out, part.ptr, part.len) != SKP_ERR_OK) {
        packer->is_full = true;
    }
}

/* SKP_ERR_RESOURCE_EXHAUSTED  it did not fit; the buffer is as it was, and what
 *                             was written is wiped. */
SKP_MUST_CHECK enum skp_err skp_packer_done(struct skp_packer *packer);

/* ---- reading ------------------------------------------------------------ */

struct msgpack_object;

/* One value, valid as long as the scratch that it was read with. */
struct skp_value {
    enum skp_kind kind;
    bool truth;            /* BOOL */
    uint64_t number;       /* UINT */
    struct skp_view bytes; /* STR, BIN: borrowed from the message */
    size_t count;          /* ARRAY: elements, MAP: entries */
    const struct msgpack_object *object;
};

struct skp_scratch; /* made and freed through rpc.h */

/* Read one whole message.  What the scratch gave before is gone.
 *   SKP_ERR_INVALID_ARGUMENT    not exactly one message within @limits.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skp_unpack(struct skp_scratch *scratch,
                                       struct skp_view message,
                                       const struct skp_frame_limits *limits,
                                       struct skp_value *ret);

/* Element @index of an array. */
struct skp_value skp_value_at(const struct skp_value *array, size_t index);

/* Key and value of entry @index of a map. */
struct skp_value skp_value_key(const struct skp_value *map, size_t index);
struct skp_value skp_value_of(const struct skp_value *map, size_t index);

/* Forget what was read and taken with the scratch. */
void skp_scratch_clear(struct skp_scratch *scratch);

/* Memory for @count items of @size bytes, aligned for pointers and zeroed, that
 * lives until the next skp_unpack or skp_scratch_clear; NULL when there is
 * none. */
void *skp_scratch_take(struct skp_scratch *scratch, size_t count, size_t size);

#endif /* SKP_PACK_H */
