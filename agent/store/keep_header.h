/* keep_header.h - the first page of a kept arena: what belongs to it, and when
 * its keys were last confirmed.  The layout is in KEEP.md.
 *
 * The page is written in place while other processes may be about to take it
 * over, and its writer may be killed between any two instructions.  So the
 * header counts only with its own hash, which is written last; and the times
 * have two places, of which the newer good one counts.
 *
 * Thread:   one.
 * Secrets:  none of its own; it shares the arena's memory.
 */
#ifndef SKD_KEEP_HEADER_H
#define SKD_KEEP_HEADER_H

#include "agent/store/keep_wire.h"
#include "protocol/diag.h"
#include "protocol/sha256.h"

/* Bytes of the page that mean something; a page is at least 4096. */
#define SKD_KEEP_HEADER_LEN 256u
#define SKD_KEEP_BOOT_LEN   16u

/* Counts the layouts of header and index together. */
#define SKD_KEEP_VERSION 2u

struct skd_keep_header {
    uint64_t sequence; /* of two arenas the higher one counts */
    uint64_t n_slots;
    uint8_t boot[SKD_KEEP_BOOT_LEN]; /* stands for this run of the kernel */
    uint8_t index_hash[SKP_SHA256_LEN];
    uint8_t slots_hash[SKP_SHA256_LEN];
};

/* When all tenants without a reason were confirmed; see snapshot.h. */
struct skd_keep_times {
    uint64_t confirmed_ms;
    int64_t confirmed_at_s;
};

/* Write @header over whatever was there; no times are known then. */
void skd_keep_header_write(const struct skd_keep_header *header, uint8_t *page);

/* Make the header void at once, before anything else is wiped. */
void skd_keep_header_void(uint8_t *page);

/* Read a header.
 *   SKP_ERR_FAILED_PRECONDITION  not one, damaged, or of another version: @diag
 *                                says which. */
SKP_MUST_CHECK enum skp_err skd_keep_header_read(const uint8_t *page,
                                                 struct skd_keep_header *ret,
                                                 struct skp_diag *diag);

/* Write @times to the place that does not hold the newest. */
void skd_keep_times_write(const struct skd_keep_times *times, uint8_t *page);

/* The newest times that are whole: true, or false when there are none. */
bool skd_keep_times_read(const uint8_t *page, struct skd_keep_times *ret);

#endif /* SKD_KEEP_HEADER_H */
