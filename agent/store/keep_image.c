/* keep_image.c - a snapshot as two descriptors and back; see keep_image.h. */
#include "agent/store/keep_image.h"

#include <string.h>
#include <unistd.h>

#include "agent/store/keep_index.h"
#include "agent/store/snapshot_parts.h"
#include "agent/sys/memfd.h"
#include "protocol/key.h"

/* Keys that are derived once more after a restart: a checksum tells of damage,
 * this tells of a mistake of ours. */
#define SPOT_CHECKS 8u

/* ---- keeping ------------------------------------------------------------- */

static struct skp_view slots_of(const struct skd_arena *arena, size_t n_keys)
{
    return n_keys == 0 ? (struct skp_view){ NULL, 0 }
                       : (struct skp_view){ skd_arena_slot(arena, 0),
                                            n_keys * SKP_KEY_LEN };
}

static enum skp_err write_index(const struct skd_snapshot *snapshot,
                                uint8_t mode,
                                uint8_t hash[SKP_SHA256_LEN],
                                int *ret_fd)
{
    SKP_CLEANUP(skd_memfd_done) struct skd_memfd file = { -1, NULL, 0 };
    struct skp_buf out;

    SKP_TRY(
        skd_memfd_new("sidekey-index", skd_keep_index_len(snapshot), &file));
    out = skp_buf_over(file.ptr, file.len);
    SKP_TRY(skd_keep_index_write(snapshot, mode, &out));
    skp_assert(out.len == file.len);
    skp_sha256((struct skp_view){ out.ptr, out.len }, hash);
    SKP_TRY(skd_memfd_seal(&file));
    *ret_fd = file.fd;
    file.fd = -1;
    return SKP_ERR_OK;
}

enum skp_err skd_keep_image_prepare(struct skd_snapshot *snapshot,
                                    const struct skd_keep_identity *identity,
                                    struct skp_diag *diag)
{
    struct skd_body *body = snapshot->body;
    uint8_t *page = skd_arena_header(body->arena);
    struct skd_keep_header header = { .n_slots = body->n_keys };
    enum skp_err err;

    if (body->is_imaged) {
        return SKP_ERR_OK;
    }
    if (page == NULL) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "their %s memory cannot be handed on",
                        skd_tier_name(skd_arena_tier(body->arena)));
    }
    err = write_index(snapshot, identity->mode, header.index_hash,
                      &body->index_fd);
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no memory for their index");
    }
    memcpy(header.boot, identity->boot, sizeof header.boot);
    skp_sha256(slots_of(body->arena, body->n_keys), header.slots_hash);
    /* Void until somebody is offered it: sequence 0 is nobody's. */
    skd_keep_header_write(&header, page);
    body->is_imaged = true;
    return SKP_ERR_OK;
}

enum skp_err skd_keep_image_offer(struct skd_snapshot *snapshot,
                                  uint64_t sequence,
                                  struct skd_keep_pair *ret)
{
    struct skd_body *body = snapshot->body;
    uint8_t *page = skd_arena_header(body->arena);
    struct skd_keep_header header;
    struct skp_diag diag;

    if (!body->is_imaged || body->index_fd < 0) {
        return SKP_ERR_FAILED_PRECONDITION;
    }
    SKP_TRY(skd_keep_header_read(page, &header, &diag));
    header.sequence = sequence;
    skd_keep_header_write(&header, page);
    skd_keep_image_confirm(snapshot);
    *ret = (struct skd_keep_pair){ skd_arena_fd(body->arena), body->index_fd };
    return SKP_ERR_OK;
}

void skd_keep_image_kept(struct skd_snapshot *snapshot)
{
    struct skd_body *body = snapshot->body;

    skd_arena_set_kept(body->arena, true);
    skd_arena_close_fd(body->arena);
    if (body->index_fd >= 0) {
        (void)close(body->index_fd);
    }
    body->index_fd = -1;
}

void skd_keep_image_revoke(struct skd_snapshot *snapshot)
{
    struct skd_body *body = snapshot->body;
    uint8_t *page = skd_arena_header(body->arena);

    if (page != NULL) {
        skd_keep_header_void(page);
    }
    skd_arena_set_kept(body->arena, false);
}

void skd_keep_image_confirm(const struct skd_snapshot *snapshot)
{
    const struct skd_keep_times times = { snapshot->confirmed_ms,
                                          snapshot->confirmed_at_s };

    if (times.confirmed_ms > 0) {
        skd_keep_times_write(&times, skd_arena_header(snapshot->body->arena));
    }
}

/* ---- taking over --------------------------------------------------------- */

static bool is_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return skp_view_equal((struct skp_view){ a, len },
                          (struct skp_view){ b, len });
}

static enum skp_err refuse(struct skp_diag *diag, const char *why)
{
    return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s", why);
}

/* The arena is what its header says. */
static enum skp_err check_arena(struct skd_arena *arena,
                                const struct skd_keep_identity *identity,
                                uint64_t sequence,
                                struct skd_keep_header *ret,
                                struct skp_diag *diag)
{
    struct skd_keep_header header;
    uint8_t hash[SKP_SHA256_LEN];

    SKP_TRY(skd_keep_header_read(skd_arena_header(arena), &header, diag));
    if (header.sequence != sequence) {
        return refuse(diag, "the header has another sequence number");
    }
    if (!is_equal(header.boot, identity->boot, SKD_KEEP_BOOT_LEN)) {
        return refuse(diag, "it was kept before the machine was started");
    }
    if (header.n_slots > skd_arena_n_slots(arena)) {
        return refuse(diag, "the header has more keys than fit");
    }
    skd_arena_limit(arena, (size_t)header.n_slots);
    skp_sha256(slots_of(arena, (size_t)header.n_slots), hash);
    if (!is_equal(header.slots_hash, hash, sizeof hash)) {
        return refuse(diag, "the checksum of the keys is wrong");
    }
    *ret = header;
    return SKP_ERR_OK;
}

static enum skp_err check_index(const struct skd_memfd *index,
                                const struct skd_keep_header *header,
                                struct skp_diag *diag)
{
    uint8_t hash[SKP_SHA256_LEN];

    skp_sha256((struct skp_view){ index->ptr, index->len }, hash);
    return is_equal(header->index_hash, hash, sizeof hash)
               ? SKP_ERR_OK
               : refuse(diag, "the checksum of the index is wrong");
}

static bool is_true_pair(const struct skd_body *body, size_t nth)
{
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];

    skp_key_public(skd_arena_slot(body->arena, nth), public_key);
    skp_key_id(public_key, key_id);
    return is_equal(public_key, body->keys[nth].public_key, SKP_KEY_LEN) &&
           is_equal(key_id, body->keys[nth].key_id, SKP_KEY_ID_LEN);
}

/* Derive some public keys anew, from the first to the last. */
static enum skp_err spot_check(const struct skd_body *body,
                               struct skp_diag *diag)
{
    size_t step = body->n_keys < SPOT_CHECKS ? 1 : body->n_keys / SPOT_CHECKS;

    for (size_t i = 0; i < body->n_keys; i += step) {
        if (!is_true_pair(body, i)) {
            return refuse(diag, "a public key is not that of its private key");
        }
    }
    return SKP_ERR_OK;
}

/* The times of the header move those of the rows, unless they are from the
 * future. */
static enum skp_err with_times(struct skd_snapshot *snapshot,
                               uint64_t now_ms,
                               struct skd_snapshot **ret)
{
    struct skd_keep_times times = { 0, 0 };

    if (skd_keep_times_read(skd_arena_header(snapshot->body->arena), &times) &&
        times.confirmed_ms > now_ms) {
        times = (struct skd_keep_times){ 0, 0 };
    }
    return skd_snapshot_confirm(snapshot, times.confirmed_ms,
                                times.confirmed_at_s, ret);
}

/* The index over the arena, which is moved in. */
static enum skp_err restore_over(struct skd_arena **arena,
                                 const struct skd_memfd *index,
                                 const struct skd_keep_expected *expected,
                                 struct skd_snapshot **ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(skd_snapshot_unref) struct skd_snapshot *snapshot = NULL;

    SKP_TRY(skd_keep_index_read((struct skp_view){ index->ptr, index->len },
                                expected, arena, &snapshot, diag));
    SKP_TRY(spot_check(snapshot->body, diag));
    snapshot->body->is_imaged = true;
    return with_times(snapshot, expected->now_ms, ret);
}

enum skp_err skd_keep_image_restore(struct skd_keep_pair pair,
                                    const struct skd_keep_identity *identity,
                                    uint64_t sequence,
                                    uint64_t now_ms,
                                    struct skd_snapshot **ret,
                                    struct skp_diag *diag)
{
    SKP_CLEANUP(skd_arena_free) struct skd_arena *arena = NULL;
    SKP_CLEANUP(skd_memfd_done) struct skd_memfd index = { -1, NULL, 0 };
    const struct skd_keep_expected expected = { identity->mode, now_ms };
    struct skd_keep_header header;

    if (skd_memfd_open(pair.index_fd, &index, diag) != SKP_ERR_OK) {
        int arena_fd = pair.index_fd;

        SKP_TRY(skd_memfd_open(pair.arena_fd, &index, diag));
        pair.arena_fd = arena_fd;
    }
    SKP_TRY(skd_arena_adopt(pair.arena_fd, &arena, diag));
    /* Others have it still: to wipe it is for skd_keep_image_discard. */
    skd_arena_set_kept(arena, true);
    SKP_TRY(check_arena(arena, identity, sequence, &header, diag));
    SKP_TRY(check_index(&index, &header, diag));
    return restore_over(&arena, &index, &expected, ret, diag);
}

void skd_keep_image_discard(int fd)
{
    struct skd_pages pages = { .fd = -1 };
    struct skp_diag diag;

    /* Of whatever tier: it is not to be used. */
    if (skd_pages_adopt(fd, SKD_TIER_NONE, SKD_KEEPING_ANY, &pages, &diag) ==
        SKP_ERR_OK) {
        skp_wipe(pages.ptr, pages.len);
        skd_pages_unmap(&pages);
    }
}
