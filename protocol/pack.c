/* pack.c - the door to msgpack-c; see pack.h. */
#include "protocol/pack.h"

#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "protocol/rpc.h"
#include "protocol/secret.h"

/* ---- writing ------------------------------------------------------------ */

/* The encoder of msgpack-c, made once more: what pack.h of msgpack-c makes of
 * the same template calls back, through a pointer, for each head; this one
 * writes it, of known length, to its place. */
static inline int
append(struct skp_packer *packer, const void *bytes, size_t len)
{
    uint8_t *place = skp_pack_claim(packer, len);

    if (place == NULL) {
        return -1;
    }
    memcpy(place, bytes, len);
    return 0;
}

/* The names that the template asks for. */
/* NOLINTBEGIN(readability-identifier-naming,bugprone-macro-parentheses) */
#define msgpack_pack_user                     struct skp_packer *
#define msgpack_pack_inline_func(name)        static inline int encode##name
#define msgpack_pack_inline_func_cint(name)   static inline int encode##name
#define msgpack_pack_inline_func_fixint(name) static inline int encode_fix##name
#define msgpack_pack_append_buffer(packer, bytes, len) \
    return append(packer, bytes, len)
#include <msgpack/pack_template.h>
/* NOLINTEND(readability-identifier-naming,bugprone-macro-parentheses) */

void skp_pack_nil(struct skp_packer *packer)
{
    (void)encode_nil(packer);
}

void skp_pack_bool(struct skp_packer *packer, bool value)
{
    (void)(value ? encode_true(packer) : encode_false(packer));
}

void skp_pack_uint(struct skp_packer *packer, uint64_t value)
{
    (void)encode_uint64(packer, value);
}

void skp_pack_str(struct skp_packer *packer, struct skp_view text)
{
    skp_pack_str_head(packer, text.len);
    skp_pack_part(packer, text);
}

void skp_pack_bin(struct skp_packer *packer, struct skp_view bytes)
{
    (void)encode_bin(packer, bytes.len);
    skp_pack_part(packer, bytes);
}

void skp_pack_array(struct skp_packer *packer, size_t count)
{
    (void)encode_array(packer, count);
}

void skp_pack_map(struct skp_packer *packer, size_t count)
{
    (void)encode_map(packer, count);
}

void skp_pack_str_head(struct skp_packer *packer, size_t len)
{
    (void)encode_str(packer, len);
}

enum skp_err skp_packer_done(struct skp_packer *packer)
{
    struct skp_buf *out = packer->out;

    if (!packer->is_full) {
        return SKP_ERR_OK;
    }
    skp_wipe(out->ptr + packer->start, out->len - packer->start);
    out->len = packer->start;
    return SKP_ERR_RESOURCE_EXHAUSTED;
}

/* ---- reading ------------------------------------------------------------ */

struct skp_scratch {
    msgpack_zone zone;
    msgpack_object root;
};

enum skp_err skp_scratch_new(struct skp_scratch **ret)
{
    struct skp_scratch *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (!msgpack_zone_init(&scratch->zone, MSGPACK_ZONE_CHUNK_SIZE)) {
        free(scratch);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = scratch;
    return SKP_ERR_OK;
}

void skp_scratch_free(struct skp_scratch **scratch)
{
    struct skp_scratch *old = *scratch;

    *scratch = NULL;
    if (old == NULL) {
        return;
    }
    msgpack_zone_destroy(&old->zone);
    free(old);
}

void skp_scratch_clear(struct skp_scratch *scratch)
{
    msgpack_zone_clear(&scratch->zone);
}

void *skp_scratch_take(struct skp_scratch *scratch, size_t count, size_t size)
{
    void *taken;

    /* Counts come from a message, which bounds them far below this. */
    skp_assert(size > 0 && count <= SIZE_MAX / 2 / size);
    taken = msgpack_zone_malloc(&scratch->zone, count * size + 1);
    if (taken != NULL) {
        memset(taken, 0, count * size);
    }
    return taken;
}

static struct skp_view view_chars(const char *ptr, uint32_t len)
{
    return (struct skp_view){ (const uint8_t *)ptr, len };
}

static struct skp_value wrap(const msgpack_object *object)
{
    struct skp_value value = { .object = object };

    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        value.kind = SKP_KIND_BOOL;
        value.truth = object->via.boolean;
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        value.kind = SKP_KIND_UINT;
        value.number = object->via.u64;
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        value.kind = SKP_KIND_NEGATIVE;
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        value.kind = SKP_KIND_FLOAT;
        break;
    case MSGPACK_OBJECT_STR:
        value.kind = SKP_KIND_STR;
        value.bytes = view_chars(object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        value.kind = SKP_KIND_BIN;
        value.bytes = view_chars(object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        value.kind = SKP_KIND_ARRAY;
        value.count = object->via.array.size;
        break;
    case MSGPACK_OBJECT_MAP:
        value.kind = SKP_KIND_MAP;
        value.count = object->via.map.size;
        break;
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT: /* the scan lets none through */
    default:
        value.kind = SKP_KIND_NIL;
        break;
    }
    return value;
}

enum skp_err skp_unpack(struct skp_scratch *scratch,
                        struct skp_view message,
                        const struct skp_frame_limits *limits,
                        struct skp_value *ret)
{
    size_t len = 0;
    size_t off = 0;
    msgpack_unpack_return result;

    /* msgpack-c allocates what a head claims; the scan knows better. */
    if (skp_frame_scan(message, limits, &len) != SKP_FRAME_WHOLE ||
        len != message.len) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    skp_scratch_clear(scratch);
    result = msgpack_unpack((const char *)message.ptr, message.len, &off,
                            &scratch->zone, &scratch->root);
    if (result == MSGPACK_UNPACK_NOMEM_ERROR) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (result != MSGPACK_UNPACK_SUCCESS) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = wrap(&scratch->root);
    return SKP_ERR_OK;
}

struct skp_value skp_value_at(const struct skp_value *array, size_t index)
{
    skp_assert(array->kind == SKP_KIND_ARRAY && index < array->count);
    return wrap(&array->object->via.array.ptr[index]);
}

struct skp_value skp_value_key(const struct skp_value *map, size_t index)
{
    skp_assert(map->kind == SKP_KIND_MAP && index < map->count);
    return wrap(&map->object->via.map.ptr[index].key);
}

struct skp_value skp_value_of(const struct skp_value *map, size_t index)
{
    skp_assert(map->kind == SKP_KIND_MAP && index < map->count);
    return wrap(&map->object->via.map.ptr[index].val);
}
