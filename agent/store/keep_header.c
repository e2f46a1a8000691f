/* keep_header.c - the first page of a kept arena; see keep_header.h. */
#include "agent/store/keep_header.h"

#include <stdatomic.h>
#include <string.h>

static const uint8_t magic[] = { 'S', 'K', 'D', 'A', 'R', 'E', 'N', 'A' };

/* Where things are. */
enum place {
    AT_VERSION = 8,
    AT_SEQUENCE = 16,
    AT_N_SLOTS = 24,
    AT_BOOT = 32,
    AT_INDEX_HASH = 48,
    AT_SLOTS_HASH = 80,
    AT_HASH = 112, /* of all before it */
    AT_TIMES = 144,
};

/* One place for times: a count that orders them, the times, and the beginning
 * of the hash of these three. */
#define N_TIMES        2u
#define TIMES_LEN      32u
#define TIMES_HASHED   24u
#define TIMES_HASH_LEN (TIMES_LEN - TIMES_HASHED)

_Static_assert(AT_TIMES + N_TIMES * TIMES_LEN <= SKD_KEEP_HEADER_LEN, "fits");

/* The writer's death comes after this or before it. */
static void settle(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

void skd_keep_header_void(uint8_t *page)
{
    memset(page, 0, sizeof magic);
    settle();
    memset(page, 0, SKD_KEEP_HEADER_LEN);
    settle();
}

void skd_keep_header_write(const struct skd_keep_header *header, uint8_t *page)
{
    uint8_t hash[SKP_SHA256_LEN];

    skd_keep_header_void(page);
    skd_keep_number_write(SKD_KEEP_VERSION, 4, page + AT_VERSION);
    skd_keep_number_write(header->sequence, 8, page + AT_SEQUENCE);
    skd_keep_number_write(header->n_slots, 8, page + AT_N_SLOTS);
    memcpy(page + AT_BOOT, header->boot, SKD_KEEP_BOOT_LEN);
    memcpy(page + AT_INDEX_HASH, header->index_hash, SKP_SHA256_LEN);
    memcpy(page + AT_SLOTS_HASH, header->slots_hash, SKP_SHA256_LEN);
    memcpy(page, magic, sizeof magic);
    skp_sha256((struct skp_view){ page, AT_HASH }, hash);
    settle();
    memcpy(page + AT_HASH, hash, sizeof hash);
    settle();
}

static bool is_equal(const uint8_t *a, const void *b, size_t len)
{
    return skp_view_equal((struct skp_view){ a, len },
                          (struct skp_view){ b, len });
}

enum skp_err skd_keep_header_read(const uint8_t *page,
                                  struct skd_keep_header *ret,
                                  struct skp_diag *diag)
{
    uint8_t hash[SKP_SHA256_LEN];
    uint64_t version = skd_keep_number_read(page + AT_VERSION, 4);

    if (!is_equal(page, magic, sizeof magic)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the header is void");
    }
    /* Before the hash: another version may place it elsewhere. */
    if (version != SKD_KEEP_VERSION) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the layout has version %llu, this agent knows %u",
                        (unsigned long long)version, SKD_KEEP_VERSION);
    }
    skp_sha256((struct skp_view){ page, AT_HASH }, hash);
    if (!is_equal(page + AT_HASH, hash, sizeof hash)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the checksum of the header is wrong");
    }
    ret->sequence = skd_keep_number_read(page + AT_SEQUENCE, 8);
    ret->n_slots = skd_keep_number_read(page + AT_N_SLOTS, 8);
    memcpy(ret->boot, page + AT_BOOT, SKD_KEEP_BOOT_LEN);
    memcpy(ret->index_hash, page + AT_INDEX_HASH, SKP_SHA256_LEN);
    memcpy(ret->slots_hash, page + AT_SLOTS_HASH, SKP_SHA256_LEN);
    return SKP_ERR_OK;
}

/* ---- times --------------------------------------------------------------- */

/* The count in place @nth; 0, which is never written, when it is not whole. */
static uint64_t count_at(const uint8_t *page, size_t nth)
{
    const uint8_t *place = page + AT_TIMES + nth * TIMES_LEN;
    uint8_t hash[SKP_SHA256_LEN];

    skp_sha256((struct skp_view){ place, TIMES_HASHED }, hash);
    return is_equal(place + TIMES_HASHED, hash, TIMES_HASH_LEN)
               ? skd_keep_number_read(place, 8)
               : 0;
}

static size_t newest_place(const uint8_t *page)
{
    return count_at(page, 1) > count_at(page, 0) ? 1 : 0;
}

void skd_keep_times_write(const struct skd_keep_times *times, uint8_t *page)
{
    size_t newest = newest_place(page);
    uint64_t count = count_at(page, newest);
    size_t nth = count == 0 ? 0 : 1 - newest;
    uint8_t *place = page + AT_TIMES + nth * TIMES_LEN;
    uint8_t hash[SKP_SHA256_LEN];

    memset(place, 0, TIMES_LEN);
    settle();
    skd_keep_number_write(count + 1, 8, place);
    skd_keep_number_write(times->confirmed_ms, 8, place + 8);
    skd_keep_number_write((uint64_t)times->confirmed_at_s, 8, place + 16);
    skp_sha256((struct skp_view){ place, TIMES_HASHED }, hash);
    settle();
    memcpy(place + TIMES_HASHED, hash, TIMES_HASH_LEN);
    settle();
}

bool skd_keep_times_read(const uint8_t *page, struct skd_keep_times *ret)
{
    size_t newest = newest_place(page);
    const uint8_t *place = page + AT_TIMES + newest * TIMES_LEN;

    if (count_at(page, newest) == 0) {
        return false;
    }
    ret->confirmed_ms = skd_keep_number_read(place + 8, 8);
    ret->confirmed_at_s = (int64_t)skd_keep_number_read(place + 16, 8);
    return true;
}
