/* keep_index.c - a snapshot as bytes and back; see keep_index.h. */
#include "agent/store/keep_index.h"

#include <stdlib.h>
#include <string.h>

#include "agent/store/keep_gone.h"
#include "agent/store/keep_header.h"
#include "agent/store/keep_wire.h"
#include "agent/store/snapshot_parts.h"
#include "protocol/key.h"

#define MAGIC      "SKDINDEX"
#define MAGIC_LEN  8u
#define HEAD_LEN   32u
#define ROW_LEN    40u
#define KEY_LEN    (SKP_KEY_LEN + SKP_KEY_ID_LEN + 8u)
#define REASON_MAX 1024u

/* The highest number of enum skd_key_state (material.h), which the store does
 * not know. */
#define STATE_MAX 3u

/* ---- writing ------------------------------------------------------------- */

static size_t reason_len_of(const struct skd_tenant *tenant)
{
    return tenant->reason == NULL ? 0 : strnlen(tenant->reason, REASON_MAX);
}

size_t skd_keep_index_len(const struct skd_snapshot *snapshot)
{
    const struct skd_body *body = snapshot->body;
    size_t len = HEAD_LEN + body->n_keys * KEY_LEN +
                 skd_keep_gone_len(&body->tombstones);

    for (size_t i = 0; i < body->n_tenants; i++) {
        len += ROW_LEN + body->tenants[i].id_len +
               reason_len_of(&body->tenants[i]);
    }
    return len;
}

static enum skp_err
put_head(const struct skd_body *body, uint8_t mode, struct skp_buf *out)
{
    SKP_TRY(skp_buf_put(out, MAGIC, MAGIC_LEN));
    SKP_TRY(skd_keep_put(out, SKD_KEEP_VERSION, 4));
    SKP_TRY(skd_keep_put(out, mode, 1));
    SKP_TRY(skd_keep_put(out, body->is_single, 1));
    SKP_TRY(skd_keep_put(out, 0, 2));
    SKP_TRY(skd_keep_put(out, body->n_tenants, 4));
    SKP_TRY(skd_keep_put(out, body->n_keys, 4));
    SKP_TRY(skd_keep_put(out, body->tombstones.n, 4));
    return skd_keep_put(out, 0, 4);
}

static enum skp_err put_key(const struct skd_public_key *key,
                            struct skp_buf *out)
{
    SKP_TRY(skp_buf_put(out, key->public_key, SKP_KEY_LEN));
    SKP_TRY(skp_buf_put(out, key->key_id, SKP_KEY_ID_LEN));
    return skd_keep_put(out, key->generation, 8);
}

static enum skp_err put_scalars(const struct skd_tenant *row,
                                size_t reason_len,
                                struct skp_buf *out)
{
    SKP_TRY(skd_keep_put(out, row->id_len, 1));
    SKP_TRY(skd_keep_put(out, row->use, 1));
    SKP_TRY(skd_keep_put(out, row->origin, 1));
    SKP_TRY(skd_keep_put(out, row->state, 1));
    SKP_TRY(skd_keep_put(out, row->is_private, 1));
    SKP_TRY(skd_keep_put(out, row->missing, 1));
    /* One more than its length; 0 is none. */
    SKP_TRY(skd_keep_put(out, row->reason == NULL ? 0 : reason_len + 1, 2));
    SKP_TRY(skd_keep_put(out, row->n_keys, 4));
    SKP_TRY(skd_keep_put(out, row->is_destroyed, 1));
    SKP_TRY(skd_keep_put(out, 0, 3));
    SKP_TRY(skd_keep_put(out, row->confirmed_ms, 8));
    SKP_TRY(skd_keep_put(out, (uint64_t)row->confirmed_at_s, 8));
    return skd_keep_put(out, row->last_generation, 8);
}

static enum skp_err put_tenant(const struct skd_snapshot *snapshot,
                               const struct skd_tenant *tenant,
                               struct skp_buf *out)
{
    struct skd_tenant row = skd_snapshot_row(snapshot, tenant);
    size_t reason_len = reason_len_of(tenant);

    SKP_TRY(put_scalars(&row, reason_len, out));
    SKP_TRY(skp_buf_put(out, row.id, row.id_len));
    if (reason_len > 0) {
        SKP_TRY(skp_buf_put(out, row.reason, reason_len));
    }
    for (size_t i = 0; i < row.n_keys; i++) {
        SKP_TRY(put_key(&snapshot->body->keys[row.first_key + i], out));
    }
    return SKP_ERR_OK;
}

static int compare_slots(const void *a, const void *b)
{
    const struct skd_tenant *const *left = a;
    const struct skd_tenant *const *right = b;

    return ((*left)->first_key > (*right)->first_key) -
           ((*left)->first_key < (*right)->first_key);
}

/* All tenants in the order of their slots, which sorting by id may have
 * mixed. */
static const struct skd_tenant **slot_order(const struct skd_body *body)
{
    const struct skd_tenant **order =
        calloc(body->n_tenants + 1, sizeof(const struct skd_tenant *));
    bool is_sorted = true;

    if (order == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < body->n_tenants; i++) {
        order[i] = &body->tenants[i];
        is_sorted = is_sorted &&
                    (i == 0 || order[i - 1]->first_key <= order[i]->first_key);
    }
    if (!is_sorted) {
        qsort(order, body->n_tenants, sizeof(const struct skd_tenant *),
              compare_slots);
    }
    return order;
}

enum skp_err skd_keep_index_write(const struct skd_snapshot *snapshot,
                                  uint8_t mode,
                                  struct skp_buf *out)
{
    const struct skd_body *body = snapshot->body;
    const struct skd_tenant **order = slot_order(body);
    enum skp_err err;

    if (order == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    err = put_head(body, mode, out);
    for (size_t i = 0; i < body->n_tenants && err == SKP_ERR_OK; i++) {
        err = put_tenant(snapshot, order[i], out);
    }
    free(order);
    return err != SKP_ERR_OK ? err
                             : skd_keep_gone_write(&body->tombstones, out);
}

/* ---- reading ------------------------------------------------------------- */

struct reader {
    struct skp_view rest;
    const struct skd_keep_expected *expected;
    struct skd_builder *builder;
    size_t n_tenants;
    size_t n_keys; /* still to come */
    size_t n_tombstones;
    bool is_single;
    struct skp_diag *diag;
};

static enum skp_err refuse(struct reader *reader, const char *why)
{
    return skp_fail(reader->diag, SKP_ERR_FAILED_PRECONDITION, "the index %s",
                    why);
}

static enum skp_err read_head(struct reader *reader)
{
    const uint8_t *head = skd_keep_take(&reader->rest, HEAD_LEN);
    size_t len = reader->rest.len;

    if (head == NULL ||
        !skp_view_equal(
            (struct skp_view){ head, MAGIC_LEN },
            (struct skp_view){ (const uint8_t *)MAGIC, MAGIC_LEN })) {
        return refuse(reader, "is none");
    }
    if (skd_keep_number_read(head + 8, 4) != SKD_KEEP_VERSION) {
        return refuse(reader, "has another version");
    }
    if (head[12] != reader->expected->mode) {
        return refuse(reader, "was made in another crypto.mode");
    }
    reader->is_single = head[13] == 1;
    reader->n_tenants = (size_t)skd_keep_number_read(head + 16, 4);
    reader->n_keys = (size_t)skd_keep_number_read(head + 20, 4);
    reader->n_tombstones = (size_t)skd_keep_number_read(head + 24, 4);
    if (head[13] > 1 || skd_keep_number_read(head + 14, 2) != 0 ||
        skd_keep_number_read(head + 28, 4) != 0 ||
        (reader->is_single && reader->n_tenants > 1)) {
        return refuse(reader, "has a value out of its range");
    }
    /* What the bytes pay for. */
    if (reader->n_tenants > len / ROW_LEN || reader->n_keys > len / KEY_LEN) {
        return refuse(reader, "announces more than it has");
    }
    return SKP_ERR_OK;
}

/* Values that this agent writes, and no others. */
static bool is_sane(const struct reader *reader,
                    const struct skd_tenant *row,
                    const uint8_t *bytes)
{
    return row->use <= SKD_USE_ALL && row->origin < SKP_ORIGIN_COUNT &&
           row->state <= STATE_MAX && bytes[4] <= 1 && bytes[12] <= 1 &&
           skd_keep_number_read(bytes + 13, 3) == 0 &&
           (row->n_keys > 0 || row->use == SKD_USE_NONE) &&
           row->confirmed_ms <= reader->expected->now_ms;
}

static struct skd_tenant row_of(const uint8_t *bytes)
{
    return (struct skd_tenant){
        .id_len = bytes[0],
        .use = bytes[1],
        .origin = bytes[2],
        .state = bytes[3],
        .is_private = bytes[4] == 1,
        .is_destroyed = bytes[12] == 1,
        .missing = bytes[5],
        .n_keys = (uint32_t)skd_keep_number_read(bytes + 8, 4),
        .confirmed_ms = skd_keep_number_read(bytes + 16, 8),
        .confirmed_at_s = (int64_t)skd_keep_number_read(bytes + 24, 8),
        .last_generation = skd_keep_number_read(bytes + 32, 8),
    };
}

static enum skp_err read_key(struct reader *reader,
                             const struct skd_tenant *row)
{
    const uint8_t *bytes = skd_keep_take(&reader->rest, KEY_LEN);
    struct skd_key key = { NULL, NULL, NULL, 0 };

    if (bytes == NULL || reader->n_keys == 0) {
        return refuse(reader, "ends within a key");
    }
    reader->n_keys--;
    key.public_key = bytes;
    key.key_id = bytes + SKP_KEY_LEN;
    key.generation =
        skd_keep_number_read(bytes + SKP_KEY_LEN + SKP_KEY_ID_LEN, 8);
    if (key.generation > row->last_generation) {
        return refuse(reader, "has a value out of its range");
    }
    return skd_builder_add_key(reader->builder, &key);
}

static enum skp_err add_tenant(struct reader *reader,
                               const struct skd_tenant *row,
                               const uint8_t *reason,
                               size_t reason_len)
{
    struct skd_tenant added = *row;
    char text[REASON_MAX + 1];

    if (reason != NULL) {
        memcpy(text, reason, reason_len);
        text[reason_len] = '\0';
        added.reason = text;
    }
    return skd_builder_add_tenant(reader->builder, &added);
}

static enum skp_err read_tenant(struct reader *reader)
{
    const uint8_t *bytes = skd_keep_take(&reader->rest, ROW_LEN);
    struct skd_tenant row;
    const uint8_t *id;
    const uint8_t *reason = NULL;
    size_t reason_len;

    if (bytes == NULL) {
        return refuse(reader, "ends within a tenant");
    }
    row = row_of(bytes);
    reason_len = (size_t)skd_keep_number_read(bytes + 6, 2);
    if (!is_sane(reader, &row, bytes) || reason_len > REASON_MAX + 1) {
        return refuse(reader, "has a value out of its range");
    }
    id = skd_keep_take(&reader->rest, row.id_len);
    if (id != NULL && reason_len > 0) {
        reason_len--;
        reason = skd_keep_take(&reader->rest, reason_len);
        id = reason == NULL ? NULL : id;
    }
    if (id == NULL) {
        return refuse(reader, "ends within a tenant");
    }
    if (!skp_tenant_is_valid((struct skp_view){ id, row.id_len }) ||
        (reason != NULL && memchr(reason, '\0', reason_len) != NULL)) {
        return refuse(reader, "has a text that is none");
    }
    row.id = (const char *)id;
    SKP_TRY(add_tenant(reader, &row, reason, reason_len));
    for (size_t i = 0; i < row.n_keys; i++) {
        SKP_TRY(read_key(reader, &row));
    }
    return SKP_ERR_OK;
}

static enum skp_err read_tombstones(struct reader *reader)
{
    const char *why = NULL;
    enum skp_err err =
        skd_keep_gone_read(&reader->rest, reader->n_tombstones,
                           skd_builder_tombstones(reader->builder), &why);

    return err == SKP_ERR_FAILED_PRECONDITION ? refuse(reader, why) : err;
}

static enum skp_err finish(struct reader *reader, struct skd_snapshot **ret)
{
    SKP_CLEANUP(skd_snapshot_unref) struct skd_snapshot *snapshot = NULL;
    enum skp_err err = skd_builder_finish(&reader->builder, &snapshot);

    if (err == SKP_ERR_ALREADY_EXISTS) {
        return refuse(reader, "has a tenant twice");
    }
    SKP_TRY(err);
    if (skd_keep_gone_is_alive(snapshot)) {
        return refuse(reader, "has a tombstone of a tenant that it has");
    }
    *ret = SKP_TAKE(snapshot);
    return SKP_ERR_OK;
}

static enum skp_err read_all(struct reader *reader, struct skd_snapshot **ret)
{
    for (size_t i = 0; i < reader->n_tenants; i++) {
        SKP_TRY(read_tenant(reader));
    }
    SKP_TRY(read_tombstones(reader));
    if (reader->rest.len > 0 || reader->n_keys > 0) {
        return refuse(reader, "has more, or fewer, bytes than it announces");
    }
    return finish(reader, ret);
}

enum skp_err skd_keep_index_read(struct skp_view bytes,
                                 const struct skd_keep_expected *expected,
                                 struct skd_arena **arena,
                                 struct skd_snapshot **ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(skd_arena_free) struct skd_arena *slots = SKP_TAKE(*arena);
    struct reader reader = { .rest = bytes,
                             .expected = expected,
                             .diag = diag };
    enum skp_err err;

    SKP_TRY(read_head(&reader));
    if (reader.n_keys != skd_arena_n_slots(slots)) {
        return refuse(&reader, "is not that of these keys");
    }
    err = skd_builder_over(&slots, reader.n_tenants, reader.is_single,
                           &reader.builder);
    if (err == SKP_ERR_OK) {
        err = read_all(&reader, ret);
        skd_builder_free(&reader.builder);
    }
    if (err != SKP_ERR_OK && err != SKP_ERR_FAILED_PRECONDITION) {
        return skp_fail(diag, err, "no snapshot of what was kept: %s",
                        skp_err_text(err));
    }
    return err;
}
