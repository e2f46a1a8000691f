/* test_keep_image.c - suite of agent/store/keep_image.c: descriptors there and
 * back, tampered with on the way. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/store/keep_image.h"
#include "agent/sys/memfd.h"
#include "tests/lib/keeping.h"
#include "tests/lib/serving.h"
#include "tests/lib/suite.h"

#define NOW_MS   5000u
#define SEQUENCE 7u

static const struct skd_keep_identity identity = { 2, { 1, 2, 3 } };
static struct skd_snapshot *snapshot;
static struct skd_keep_pair kept;

/* A snapshot that somebody keeps. */
static void begin(void)
{
    struct skd_keep_pair pair;
    struct skp_diag diag = { "" };

    skd_arena_keep(SKD_KEEPING_ANY);
    snapshot = skt_keeping_snapshot();
    skt_ok(skd_keep_image_prepare(snapshot, &identity, &diag));
    skt_ok(skd_keep_image_offer(snapshot, SEQUENCE, &pair));
    kept = (struct skd_keep_pair){ dup(pair.arena_fd), dup(pair.index_fd) };
    skd_keep_image_kept(snapshot);
}

static void end(void)
{
    skd_snapshot_unref(&snapshot);
    (void)close(kept.arena_fd);
    (void)close(kept.index_fd);
    ck_assert_uint_eq(skd_arena_held(), 0);
}

static struct skd_snapshot *restored(struct skd_keep_pair pair)
{
    struct skd_snapshot *got = NULL;
    struct skp_diag diag = { "" };

    skt_ok(
        skd_keep_image_restore(pair, &identity, SEQUENCE, NOW_MS, &got, &diag));
    return got;
}

static void refuses(struct skd_keep_pair pair,
                    const struct skd_keep_identity *as,
                    uint64_t sequence,
                    const char *why)
{
    struct skd_snapshot *got = NULL;
    struct skp_diag diag = { "" };
    size_t held = skd_arena_held();

    skt_err(skd_keep_image_restore(pair, as, sequence, NOW_MS, &got, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, why);
    ck_assert_ptr_null(got);
    ck_assert_uint_eq(skd_arena_held(), held);
}

static void refuses_kept(const char *why)
{
    refuses(kept, &identity, SEQUENCE, why);
}

/* The kept arena, to be tampered with. */
static uint8_t *map_arena(void)
{
    void *pages = mmap(NULL, 2 * skd_arena_header_len(), PROT_READ | PROT_WRITE,
                       MAP_SHARED, kept.arena_fd, 0);

    ck_assert_ptr_ne(pages, MAP_FAILED);
    return pages;
}

static void unmap_arena(uint8_t *pages)
{
    ck_assert_int_eq(munmap(pages, 2 * skd_arena_header_len()), 0);
}

START_TEST(what_was_kept_outlives_the_snapshot)
{
    struct skd_snapshot *before = skt_keeping_snapshot();
    struct skd_snapshot *got;

    begin();
    skd_snapshot_unref(&snapshot);
    got = restored(kept);
    skt_keeping_same(before, got);
    skd_snapshot_unref(&got);
    /* And the one after it, again and again. */
    got = restored((struct skd_keep_pair){ kept.index_fd, kept.arena_fd });
    skt_keeping_same(before, got);
    skd_snapshot_unref(&got);
    skd_snapshot_unref(&before);
    end();
}
END_TEST

START_TEST(a_restored_snapshot_is_wiped_once_it_is_revoked)
{
    static const uint8_t zero[SKP_KEY_LEN] = { 0 };
    struct skd_snapshot *got;
    uint8_t *pages;

    begin();
    got = restored(kept);
    skd_keep_image_revoke(got);
    refuses_kept("the header is void");
    skd_snapshot_unref(&got);
    pages = map_arena();
    ck_assert_mem_eq(pages + skd_arena_header_len(), zero, sizeof zero);
    unmap_arena(pages);
    end();
}
END_TEST

START_TEST(the_index_has_no_private_key_and_the_slots_follow_the_header)
{
    struct skd_memfd index = { -1, NULL, 0 };
    struct skp_diag diag = { "" };
    uint8_t *pages;

    begin();
    skt_ok(skd_memfd_open(kept.index_fd, &index, &diag));
    pages = map_arena();
    for (unsigned number = 1; number <= 5; number++) {
        struct skt_key key = skt_key_number(number);

        ck_assert_ptr_null(
            memmem(index.ptr, index.len, key.private_key, SKP_KEY_LEN));
        ck_assert_ptr_nonnull(
            memmem(index.ptr, index.len, key.public_key, SKP_KEY_LEN));
        ck_assert_ptr_nonnull(memmem(pages + skd_arena_header_len(),
                                     5 * SKP_KEY_LEN, key.private_key,
                                     SKP_KEY_LEN));
    }
    unmap_arena(pages);
    skd_memfd_done(&index);
    end();
}
END_TEST

START_TEST(confirmations_are_kept_without_a_new_image)
{
    struct skd_snapshot *confirmed = NULL;
    struct skd_snapshot *got;

    begin();
    skt_ok(skd_snapshot_confirm(snapshot, 4000, 4, &confirmed));
    skd_keep_image_confirm(confirmed);
    got = restored(kept);
    skt_keeping_same(confirmed, got);
    ck_assert(!skd_snapshot_is_same(confirmed, got));
    skd_snapshot_unref(&got);
    skd_snapshot_unref(&confirmed);
    end();
}
END_TEST

START_TEST(a_confirmation_from_the_future_is_not_believed)
{
    struct skd_snapshot *confirmed = NULL;
    struct skd_snapshot *got;

    begin();
    skt_ok(skd_snapshot_confirm(snapshot, NOW_MS + 1, 4, &confirmed));
    skd_keep_image_confirm(confirmed);
    got = restored(kept);
    skt_keeping_same(snapshot, got);
    skd_snapshot_unref(&got);
    skd_snapshot_unref(&confirmed);
    end();
}
END_TEST

START_TEST(another_mode_boot_or_sequence_is_refused)
{
    const struct skd_keep_identity other_mode = { 1, { 1, 2, 3 } };
    const struct skd_keep_identity other_boot = { 2, { 9 } };

    begin();
    refuses(kept, &other_mode, SEQUENCE,
            "the index was made in another crypto.mode");
    refuses(kept, &other_boot, SEQUENCE,
            "it was kept before the machine was started");
    refuses(kept, &identity, SEQUENCE + 1,
            "the header has another sequence number");
    end();
}
END_TEST

START_TEST(any_changed_byte_of_the_keys_is_noticed)
{
    uint8_t *pages;

    begin();
    pages = map_arena();
    for (size_t i = 0; i < 5 * SKP_KEY_LEN; i++) {
        pages[skd_arena_header_len() + i] ^= 0x10;
        refuses_kept("the checksum of the keys is wrong");
        pages[skd_arena_header_len() + i] ^= 0x10;
    }
    pages[16]++;
    refuses_kept("the checksum of the header is wrong");
    pages[16]--;
    unmap_arena(pages);
    end();
}
END_TEST

/* A sealed copy of the kept index with byte @at changed. */
static int changed_index(size_t at)
{
    struct skd_memfd index = { -1, NULL, 0 };
    struct skd_memfd copy = { -1, NULL, 0 };
    struct skp_diag diag = { "" };

    skt_ok(skd_memfd_open(kept.index_fd, &index, &diag));
    skt_ok(skd_memfd_new("copy", index.len, &copy));
    memcpy(copy.ptr, index.ptr, index.len);
    copy.ptr[at] ^= 1;
    skt_ok(skd_memfd_seal(&copy));
    skd_memfd_done(&index);
    return copy.fd;
}

START_TEST(another_index_is_noticed)
{
    struct skd_keep_pair pair;

    begin();
    for (size_t at = 0; at < 100; at++) {
        pair = (struct skd_keep_pair){ kept.arena_fd, changed_index(at) };
        refuses(pair, &identity, SEQUENCE,
                "the checksum of the index is wrong");
        (void)close(pair.index_fd);
    }
    pair = (struct skd_keep_pair){ kept.arena_fd, kept.arena_fd };
    refuses(pair, &identity, SEQUENCE, "the index is not sealed");
    pair = (struct skd_keep_pair){ kept.index_fd, kept.index_fd };
    refuses(pair, &identity, SEQUENCE,
            "the memory of the keys has a wrong length");
    end();
}
END_TEST

START_TEST(a_public_key_of_another_private_key_is_noticed)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *got = NULL;
    struct skt_key one = skt_key_number(1);
    struct skt_key two = skt_key_number(2);
    const struct skd_key wrong = { one.private_key, two.public_key, two.key_id,
                                   1 };
    const struct skd_tenant tenant = {
        .id = "t", .id_len = 1, .use = SKD_USE_ALL, .last_generation = 1
    };
    struct skd_keep_pair pair;
    struct skp_diag diag = { "" };

    skd_arena_keep(SKD_KEEPING_ANY);
    skt_ok(skd_builder_new(1, 1, false, &builder, &diag));
    skt_ok(skd_builder_add_tenant(builder, &tenant));
    skt_ok(skd_builder_add_key(builder, &wrong));
    skt_ok(skd_builder_finish(&builder, &snapshot));
    skt_ok(skd_keep_image_prepare(snapshot, &identity, &diag));
    skt_ok(skd_keep_image_offer(snapshot, SEQUENCE, &pair));
    skt_err(
        skd_keep_image_restore(pair, &identity, SEQUENCE, NOW_MS, &got, &diag),
        SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "a public key is not that of its private key");
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(what_is_discarded_is_wiped)
{
    static const uint8_t zero[SKP_KEY_LEN] = { 0 };
    uint8_t *pages;

    begin();
    skd_snapshot_unref(&snapshot);
    skd_keep_image_discard(kept.index_fd);
    skd_keep_image_discard(kept.arena_fd);
    refuses_kept("the header is void");
    pages = map_arena();
    ck_assert_mem_eq(pages + skd_arena_header_len(), zero, sizeof zero);
    unmap_arena(pages);
    end();
}
END_TEST

START_TEST(an_arena_that_cannot_be_kept_is_not_offered)
{
    struct skd_keep_pair pair;
    struct skp_diag diag = { "" };

    snapshot = skt_keeping_snapshot();
    skt_err(skd_keep_image_prepare(snapshot, &identity, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    skt_err(skd_keep_image_offer(snapshot, 1, &pair),
            SKP_ERR_FAILED_PRECONDITION);
    skd_keep_image_revoke(snapshot);
    skd_snapshot_unref(&snapshot);
}
END_TEST

SKT_SUITE("keep_image",
          what_was_kept_outlives_the_snapshot,
          a_restored_snapshot_is_wiped_once_it_is_revoked,
          the_index_has_no_private_key_and_the_slots_follow_the_header,
          confirmations_are_kept_without_a_new_image,
          a_confirmation_from_the_future_is_not_believed,
          another_mode_boot_or_sequence_is_refused,
          any_changed_byte_of_the_keys_is_noticed,
          another_index_is_noticed,
          a_public_key_of_another_private_key_is_noticed,
          what_is_discarded_is_wiped,
          an_arena_that_cannot_be_kept_is_not_offered)
