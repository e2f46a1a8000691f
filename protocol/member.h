/* member.h - members of maps in answers, by name, there and back.
 *
 * Writing never fails by itself: errors stick to the packer.  Reading is strict
 * about types and presence and skips members that it is not asked for.
 *
 * Every reader below returns SKP_ERR_INTERNAL, with the member's name in the
 * diag, when the member is missing, there twice, or of another type.
 */
#ifndef SKP_MEMBER_H
#define SKP_MEMBER_H

#include "protocol/diag.h"
#include "protocol/pack.h"

/* ---- writing ------------------------------------------------------------ */

/* A member's name and its value. */
void skp_member_pack_number(struct skp_packer *packer,
                            const char *name,
                            uint64_t number);
void skp_member_pack_text(struct skp_packer *packer,
                          const char *name,
                          struct skp_view text);
void skp_member_pack_flag(struct skp_packer *packer,
                          const char *name,
                          bool flag);
void skp_member_pack_data(struct skp_packer *packer,
                          const char *name,
                          struct skp_view data);

/* A Unix time; one before 1970 is no time of ours and becomes 0. */
void skp_member_pack_time(struct skp_packer *packer,
                          const char *name,
                          int64_t time_s);

/* A str; nil when the text is empty. */
void skp_member_pack_optional(struct skp_packer *packer,
                              const char *name,
                              struct skp_view text);

/* "key_id": SKP_KEY_ID_LEN bytes; nil when @key_id is NULL. */
void skp_member_pack_key_id(struct skp_packer *packer, const uint8_t *key_id);

/* ---- reading ------------------------------------------------------------ */

/* A map being read, where its rows go, and where to complain. */
struct skp_members {
    struct skp_value map;
    struct skp_scratch *scratch; /* borrowed */
    struct skp_diag *diag;       /* borrowed; may be NULL */
};

/* Complain about the member @name. */
SKP_MUST_CHECK enum skp_err skp_member_refuse(const struct skp_members *members,
                                              const char *name);

/* The member @name, which is of @kind. */
SKP_MUST_CHECK enum skp_err
skp_member_find_kind(const struct skp_members *members,
                     const char *name,
                     enum skp_kind kind,
                     struct skp_value *ret);

/* The members of the map that the member @name is. */
SKP_MUST_CHECK enum skp_err skp_members_enter(const struct skp_members *members,
                                              const char *name,
                                              struct skp_members *ret);

/* True when there is a member @name: how a newer client reads what an older
 * agent does not send. */
bool skp_member_is_there(const struct skp_members *members, const char *name);

/* The members of the map that the member @name is; *ret_is_there is false, and
 * *ret untouched, when it is nil or not there. */
SKP_MUST_CHECK enum skp_err
skp_members_enter_optional(const struct skp_members *members,
                           const char *name,
                           struct skp_members *ret,
                           bool *ret_is_there);

/* The members of the map that element @index of @array is. */
SKP_MUST_CHECK enum skp_err skp_members_at(const struct skp_members *members,
                                           const struct skp_value *array,
                                           size_t index,
                                           struct skp_members *ret);

/* Room in the scratch for @count rows of @size bytes; NULL for none at all.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skp_members_take(const struct skp_members *members,
                                             size_t count,
                                             size_t size,
                                             void **ret);

/* An integer from 0 to @max. */
SKP_MUST_CHECK enum skp_err
skp_member_read_number(const struct skp_members *members,
                       const char *name,
                       uint64_t max,
                       uint64_t *ret);
SKP_MUST_CHECK enum skp_err skp_member_read_count(
    const struct skp_members *members, const char *name, uint64_t *ret);
SKP_MUST_CHECK enum skp_err skp_member_read_time(
    const struct skp_members *members, const char *name, int64_t *ret);
SKP_MUST_CHECK enum skp_err skp_member_read_flag(
    const struct skp_members *members, const char *name, bool *ret);
SKP_MUST_CHECK enum skp_err skp_member_read_text(
    const struct skp_members *members, const char *name, struct skp_view *ret);

/* str or nil; nil gives an empty view. */
SKP_MUST_CHECK enum skp_err skp_member_read_optional(
    const struct skp_members *members, const char *name, struct skp_view *ret);

/* bin of @len bytes, or of any length. */
#define SKP_MEMBER_ANY_LEN SIZE_MAX
SKP_MUST_CHECK enum skp_err
skp_member_read_data(const struct skp_members *members,
                     const char *name,
                     size_t len,
                     struct skp_view *ret);

/* "key_id": bin of SKP_KEY_ID_LEN bytes, or nil where @may_be_nil, which gives
 * NULL. */
SKP_MUST_CHECK enum skp_err skp_member_read_key_id(
    const struct skp_members *members, bool may_be_nil, const uint8_t **ret);

#endif /* SKP_MEMBER_H */
