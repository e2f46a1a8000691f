/* pack.c - the door to msgpack-c; see pack.h. */
#include "protocol/pack.h"

#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "protocol/rpc.h"
#include "protocol/secret.h"

/* ---- writing ------------------------------------------------------------ */

struct skp_packer skp_packer_to(struct skp_buf *out)
{
    return (struct skp_packer){ .out = out, .start = out->len };
}

static int append(void *data, const char *bytes, size_t len)
{
    struct skp_packer *packer = data;

    if (!packer->is_full &&
        skp_buf_put(packer->out, bytes, len) != SKP_ERR_OK) {
        packer->is_full = true;
    }
    return packer->is_full ? -1 : 0;
}

static msgpack_packer open_packer(struct skp_packer *packer)
{
    msgpack_packer ret;

    msgpack_packer_init(&ret, packer, append);
    return ret;
}

void skp_pack_nil(struct skp_packer *packer)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_nil(&msgpack);
}

void skp_pack_bool(struct skp_packer *packer, bool value)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)(value ? msgpack_pack_true(&msgpack) : msgpack_pack_false(&msgpack));
}

void skp_pack_uint(struct skp_packer *packer, uint64_t value)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_uint64(&msgpack, value);
}

void skp_pack_str(struct skp_packer *packer, struct skp_view text)
{
    skp_pack_str_head(packer, text.len);
    skp_pack_part(packer, text);
}

void skp_pack_text(struct skp_packer *packer, const char *text)
{
    skp_pack_str(packer, skp_view_of(text));
}

void skp_pack_bin(struct skp_packer *packer, struct skp_view bytes)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_bin(&msgpack, bytes.len);
    skp_pack_part(packer, bytes);
}

void skp_pack_array(struct skp_packer *packer, size_t count)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_array(&msgpack, count);
}

void skp_pack_map(struct skp_packer *packer, size_t count)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_map(&msgpack, count);
}

void skp_pack_str_head(struct skp_packer *packer, size_t len)
{
    msgpack_packer msgpack = open_packer(packer);

    (void)msgpack_pack_str(&msgpack, len);
}

void skp_pack_part(struct skp_packer *packer, struct skp_view part)
{
    (void)append(packer, (const char *)part.ptr, part.len);
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
    msgpack_zone_clear(&scratch->zone);
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
