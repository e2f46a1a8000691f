/* ttlv.h - the encoding of KMIP: Tag, Type, Length, Value (KMIP 1.4, 9.1).
 *
 * An item is a tag of 3 bytes, a type of 1, a length of 4 (big-endian, without
 * padding) and the value, padded with zeros to a multiple of 8.  A message is
 * one item of type Structure.  Reading gives views and copies nothing; writing
 * appends to locked memory.  Both know nothing of what the tags mean.
 *
 * Secrets:  what is read stays where it is; what is written lies in the
 *           skp_secret of the caller.
 */
#ifndef SKD_TTLV_H
#define SKD_TTLV_H

#include "protocol/secret.h"

/* Structures inside each other, the message itself being 1.  The deepest
 * answer that is used (Key Material in Get) is at 7. */
#define SKD_TTLV_DEPTH_MAX  16u
#define SKD_TTLV_HEADER_LEN 8u

enum skd_ttlv_type {
    SKD_TTLV_STRUCTURE = 1,
    SKD_TTLV_INTEGER,
    SKD_TTLV_LONG_INTEGER,
    SKD_TTLV_BIG_INTEGER,
    SKD_TTLV_ENUMERATION,
    SKD_TTLV_BOOLEAN,
    SKD_TTLV_TEXT,
    SKD_TTLV_BYTES,
    SKD_TTLV_DATE_TIME,
    SKD_TTLV_INTERVAL,
};

/* One item.  @value borrows from the message, padding left out. */
struct skd_ttlv {
    uint32_t tag;
    enum skd_ttlv_type type;
    struct skp_view value;
};

/* Take the first item off @rest.  Checks the tag's prefix (42 or 54), the type,
 * the length against the type and against @rest, that padding is zero, that a
 * Boolean is 0 or 1.  Does not look into a structure.
 *   SKP_ERR_INVALID_ARGUMENT  no such item; both outputs are untouched. */
SKP_MUST_CHECK enum skp_err skd_ttlv_take(struct skp_view *rest,
                                          struct skd_ttlv *ret);

/* Check all items of @message, at every depth; in time linear in its length.
 *   SKP_ERR_INVALID_ARGUMENT  one is malformed, or too deep. */
SKP_MUST_CHECK enum skp_err skd_ttlv_check(struct skp_view message);

/* The one item @tag of type @type among the direct children in @parent.
 *   SKP_ERR_NOT_FOUND         there is none; *ret is untouched.
 *   SKP_ERR_INVALID_ARGUMENT  there are several, it has another type, or a
 *                             child is malformed. */
SKP_MUST_CHECK enum skp_err skd_ttlv_find(struct skp_view parent,
                                          uint32_t tag,
                                          enum skd_ttlv_type type,
                                          struct skd_ttlv *ret);

/* skd_ttlv_find for one type each. */
SKP_MUST_CHECK enum skp_err skd_ttlv_find_structure(struct skp_view parent,
                                                    uint32_t tag,
                                                    struct skp_view *ret);
SKP_MUST_CHECK enum skp_err
skd_ttlv_find_int(struct skp_view parent, uint32_t tag, int32_t *ret);
SKP_MUST_CHECK enum skp_err
skd_ttlv_find_enum(struct skp_view parent, uint32_t tag, uint32_t *ret);
SKP_MUST_CHECK enum skp_err
skd_ttlv_find_text(struct skp_view parent, uint32_t tag, struct skp_view *ret);
SKP_MUST_CHECK enum skp_err
skd_ttlv_find_bytes(struct skp_view parent, uint32_t tag, struct skp_view *ret);

/* Children of @parent with tag @tag; a malformed one ends the count. */
size_t skd_ttlv_count(struct skp_view parent, uint32_t tag);

/* The value of an item of that type, as skd_ttlv_take checked it. */
int32_t skd_ttlv_int(const struct skd_ttlv *item);
int64_t skd_ttlv_long(const struct skd_ttlv *item);  /* and Date-Time */
uint32_t skd_ttlv_enum(const struct skd_ttlv *item); /* and Interval */
bool skd_ttlv_bool(const struct skd_ttlv *item);

/* True for UTF-8 (RFC 3629: shortest forms, no surrogates) without control
 * characters, NUL among them. */
bool skd_ttlv_is_clean_text(struct skp_view text);

/* ---- writing ------------------------------------------------------------- */

/* Appends items to @out.  The first failure sticks: calls after it do nothing,
 * and skd_ttlv_finish reports it. */
struct skd_ttlv_writer {
    struct skp_secret *out;
    size_t open[SKD_TTLV_DEPTH_MAX]; /* where each open structure starts */
    size_t depth;
    enum skp_err err;
};

/* Start writing at the end of @out, which is borrowed until skd_ttlv_finish. */
void skd_ttlv_start(struct skd_ttlv_writer *writer, struct skp_secret *out);

/* Open a structure; skd_ttlv_end closes the innermost one. */
void skd_ttlv_begin(struct skd_ttlv_writer *writer, uint32_t tag);
void skd_ttlv_end(struct skd_ttlv_writer *writer);

void skd_ttlv_put_int(struct skd_ttlv_writer *writer,
                      uint32_t tag,
                      int32_t value);
void skd_ttlv_put_long(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       int64_t value);
void skd_ttlv_put_enum(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       uint32_t value);
void skd_ttlv_put_bool(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       bool value);
void skd_ttlv_put_text(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       struct skp_view value);
void skd_ttlv_put_bytes(struct skd_ttlv_writer *writer,
                        uint32_t tag,
                        struct skp_view value);
void skd_ttlv_put_date(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       int64_t unix_s);
void skd_ttlv_put_interval(struct skd_ttlv_writer *writer,
                           uint32_t tag,
                           uint32_t value_s);
/* @value is two's complement, big-endian; its length a multiple of 8. */
void skd_ttlv_put_big(struct skd_ttlv_writer *writer,
                      uint32_t tag,
                      struct skp_view value);

/* Report how it went; every structure must be closed.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, a structure too deep, or a length
 *                               that does not fit its field. */
SKP_MUST_CHECK enum skp_err skd_ttlv_finish(struct skd_ttlv_writer *writer);

#endif /* SKD_TTLV_H */
