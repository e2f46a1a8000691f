/* member.c - members of maps, by name; see member.h. */
#include "protocol/member.h"

/* ---- writing ------------------------------------------------------------ */

void skp_member_pack_time(struct skp_packer *packer,
                          const char *name,
                          int64_t time_s)
{
    skp_pack_text(packer, name);
    skp_pack_uint(packer, time_s < 0 ? 0 : (uint64_t)time_s);
}

void skp_member_pack_number(struct skp_packer *packer,
                            const char *name,
                            uint64_t number)
{
    skp_pack_text(packer, name);
    skp_pack_uint(packer, number);
}

void skp_member_pack_text(struct skp_packer *packer,
                          const char *name,
                          struct skp_view text)
{
    skp_pack_text(packer, name);
    skp_pack_str(packer, text);
}

void skp_member_pack_flag(struct skp_packer *packer,
                          const char *name,
                          bool flag)
{
    skp_pack_text(packer, name);
    skp_pack_bool(packer, flag);
}

void skp_member_pack_optional(struct skp_packer *packer,
                              const char *name,
                              struct skp_view text)
{
    skp_pack_text(packer, name);
    if (text.len > 0) {
        skp_pack_str(packer, text);
    } else {
        skp_pack_nil(packer);
    }
}

void skp_member_pack_data(struct skp_packer *packer,
                          const char *name,
                          struct skp_view data)
{
    skp_pack_text(packer, name);
    skp_pack_bin(packer, data);
}

void skp_member_pack_key_id(struct skp_packer *packer, const uint8_t *key_id)
{
    skp_pack_text(packer, "key_id");
    if (key_id != NULL) {
        skp_pack_bin(packer, (struct skp_view){ key_id, SKP_KEY_ID_LEN });
    } else {
        skp_pack_nil(packer);
    }
}

/* ---- reading ------------------------------------------------------------ */

enum skp_err skp_member_refuse(const struct skp_members *members,
                               const char *name)
{
    return skp_fail(members->diag, SKP_ERR_INTERNAL,
                    "answer of the agent: %s is missing or has another type",
                    name);
}

/* How many members are called @name; *ret is the last of them. */
static size_t count_members(const struct skp_members *members,
                            const char *name,
                            struct skp_value *ret)
{
    struct skp_view wanted = skp_view_of(name);
    size_t count = 0;

    for (size_t i = 0; i < members->map.count; i++) {
        struct skp_value key = skp_value_key(&members->map, i);

        if (key.kind == SKP_KIND_STR && skp_view_equal(key.bytes, wanted)) {
            *ret = skp_value_of(&members->map, i);
            count++;
        }
    }
    return count;
}

bool skp_member_is_there(const struct skp_members *members, const char *name)
{
    struct skp_value found = { 0 };

    return count_members(members, name, &found) > 0;
}

/* The member @name; SKP_ERR_INTERNAL unless it is there exactly once. */
static enum skp_err find_member(const struct skp_members *members,
                                const char *name,
                                struct skp_value *ret)
{
    struct skp_value found = { 0 };

    if (count_members(members, name, &found) != 1) {
        return skp_member_refuse(members, name);
    }
    *ret = found;
    return SKP_ERR_OK;
}

enum skp_err skp_member_find_kind(const struct skp_members *members,
                                  const char *name,
                                  enum skp_kind kind,
                                  struct skp_value *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(find_member(members, name, &value));
    if (value.kind != kind) {
        return skp_member_refuse(members, name);
    }
    *ret = value;
    return SKP_ERR_OK;
}

enum skp_err skp_members_enter(const struct skp_members *members,
                               const char *name,
                               struct skp_members *ret)
{
    *ret = *members;
    return skp_member_find_kind(members, name, SKP_KIND_MAP, &ret->map);
}

enum skp_err skp_members_enter_optional(const struct skp_members *members,
                                        const char *name,
                                        struct skp_members *ret,
                                        bool *ret_is_there)
{
    struct skp_value value = { 0 };

    *ret_is_there = false;
    if (!skp_member_is_there(members, name)) {
        return SKP_ERR_OK;
    }
    SKP_TRY(find_member(members, name, &value));
    if (value.kind == SKP_KIND_NIL) {
        return SKP_ERR_OK;
    }
    *ret_is_there = true;
    return skp_members_enter(members, name, ret);
}

enum skp_err skp_members_at(const struct skp_members *members,
                            const struct skp_value *array,
                            size_t index,
                            struct skp_members *ret)
{
    *ret = *members;
    ret->map = skp_value_at(array, index);
    return ret->map.kind == SKP_KIND_MAP ? SKP_ERR_OK
                                         : skp_member_refuse(members, "row");
}

enum skp_err skp_member_read_number(const struct skp_members *members,
                                    const char *name,
                                    uint64_t max,
                                    uint64_t *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(skp_member_find_kind(members, name, SKP_KIND_UINT, &value));
    if (value.number > max) {
        return skp_member_refuse(members, name);
    }
    *ret = value.number;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_count(const struct skp_members *members,
                                   const char *name,
                                   uint64_t *ret)
{
    return skp_member_read_number(members, name, UINT64_MAX, ret);
}

enum skp_err skp_member_read_time(const struct skp_members *members,
                                  const char *name,
                                  int64_t *ret)
{
    uint64_t number = 0;

    SKP_TRY(skp_member_read_number(members, name, INT64_MAX, &number));
    *ret = (int64_t)number;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_flag(const struct skp_members *members,
                                  const char *name,
                                  bool *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(skp_member_find_kind(members, name, SKP_KIND_BOOL, &value));
    *ret = value.truth;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_text(const struct skp_members *members,
                                  const char *name,
                                  struct skp_view *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(skp_member_find_kind(members, name, SKP_KIND_STR, &value));
    *ret = value.bytes;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_optional(const struct skp_members *members,
                                      const char *name,
                                      struct skp_view *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(find_member(members, name, &value));
    if (value.kind != SKP_KIND_NIL && value.kind != SKP_KIND_STR) {
        return skp_member_refuse(members, name);
    }
    *ret = value.bytes;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_data(const struct skp_members *members,
                                  const char *name,
                                  size_t len,
                                  struct skp_view *ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(skp_member_find_kind(members, name, SKP_KIND_BIN, &value));
    if (len != SKP_MEMBER_ANY_LEN && value.bytes.len != len) {
        return skp_member_refuse(members, name);
    }
    *ret = value.bytes;
    return SKP_ERR_OK;
}

enum skp_err skp_member_read_key_id(const struct skp_members *members,
                                    bool may_be_nil,
                                    const uint8_t **ret)
{
    struct skp_value value = { 0 };

    SKP_TRY(find_member(members, "key_id", &value));
    if (value.kind == SKP_KIND_NIL && may_be_nil) {
        *ret = NULL;
        return SKP_ERR_OK;
    }
    if (value.kind != SKP_KIND_BIN || value.bytes.len != SKP_KEY_ID_LEN) {
        return skp_member_refuse(members, "key_id");
    }
    *ret = value.bytes.ptr;
    return SKP_ERR_OK;
}

enum skp_err skp_members_take(const struct skp_members *members,
                              size_t count,
                              size_t size,
                              void **ret)
{
    void *rows = NULL;

    if (count > 0) {
        rows = skp_scratch_take(members->scratch, count, size);
        if (rows == NULL) {
            return skp_fail(members->diag, SKP_ERR_RESOURCE_EXHAUSTED,
                            "out of memory");
        }
    }
    *ret = rows;
    return SKP_ERR_OK;
}
