/* rpc_response.c - responses and notifications, both directions; see rpc.h. */
#include <string.h>

#include "protocol/rpc_report.h"
#include "protocol/rpc_status.h"

/* First elements of MessagePack-RPC messages. */
#define TYPE_RESPONSE     1u
#define RESPONSE_HEAD     "\x94\x01" /* of four elements, that is the first */
#define TYPE_NOTIFICATION 2u

#define CHANGED "changed"

/* ---- encoding ----------------------------------------------------------- */

/* The cheapest request, and so often the most frequent: what is the same in
 * every answer is encoded already, and the rest lies at the same places. */
#define PUBKEY_HEAD "\x83\xaapublic_key\xc4\x20"
#define KEY_ID_HEAD "\xa6key_id\xc4\x08"
#define GENERATION  "\xaageneration"

struct pubkey_layout {
    uint8_t pubkey_head[sizeof PUBKEY_HEAD - 1];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id_head[sizeof KEY_ID_HEAD - 1];
    uint8_t key_id[SKP_KEY_ID_LEN];
    uint8_t generation[sizeof GENERATION - 1];
};

static void pack_layout(struct skp_packer *packer,
                        const struct skp_response *response)
{
    void *place = skp_pack_claim(packer, sizeof(struct pubkey_layout));
    struct pubkey_layout *layout = place;

    if (layout != NULL) {
        memcpy(layout->pubkey_head, PUBKEY_HEAD, sizeof layout->pubkey_head);
        memcpy(layout->public_key, response->data.ptr, SKP_KEY_LEN);
        memcpy(layout->key_id_head, KEY_ID_HEAD, sizeof layout->key_id_head);
        memcpy(layout->key_id, response->key_id, SKP_KEY_ID_LEN);
        memcpy(layout->generation, GENERATION, sizeof layout->generation);
    }
}

static void pack_pubkey(struct skp_packer *packer,
                        const struct skp_response *response)
{
    if (response->data.len == SKP_KEY_LEN && response->key_id != NULL) {
        pack_layout(packer, response);
    } else {
        skp_pack_map(packer, 3);
        skp_member_pack_data(packer, "public_key", response->data);
        skp_member_pack_key_id(packer, response->key_id);
        skp_pack_text(packer, "generation");
    }
    skp_pack_uint(packer, response->generation);
}

static void pack_result(struct skp_packer *packer,
                        const struct skp_response *response)
{
    switch (response->method) {
    case SKP_METHOD_HELLO:
        skp_report_pack_hello(packer, response->hello);
        break;
    case SKP_METHOD_PUBKEY:
        pack_pubkey(packer, response);
        break;
    case SKP_METHOD_ENCRYPT:
        skp_pack_map(packer, 2);
        skp_member_pack_data(packer, "ciphertext", response->data);
        skp_member_pack_key_id(packer, response->key_id);
        break;
    case SKP_METHOD_DECRYPT:
        skp_pack_map(packer, 3);
        skp_member_pack_data(packer, "plaintext", response->data);
        skp_member_pack_flag(packer, "authenticated", response->authenticated);
        skp_member_pack_key_id(packer, response->key_id);
        break;
    case SKP_METHOD_UNWRAP:
        skp_pack_map(packer, 3);
        skp_member_pack_data(packer, "data_key", response->data);
        skp_member_pack_number(packer, "suite", response->suite);
        skp_member_pack_key_id(packer, response->key_id);
        break;
    case SKP_METHOD_REWRAP:
        skp_pack_map(packer, 2);
        skp_member_pack_data(packer, "header", response->data);
        skp_member_pack_key_id(packer, response->key_id);
        break;
    case SKP_METHOD_TENANTS:
        skp_report_pack_rows(packer, response);
        break;
    case SKP_METHOD_STATUS:
        skp_status_pack(packer, response->status);
        break;
    case SKP_METHOD_WATCH:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_FORGET:
    case SKP_METHOD_COUNT:
    default:
        skp_pack_map(packer, 0);
        break;
    }
}

/* "CODE: text" */
static void pack_error(struct skp_packer *packer,
                       const struct skp_response *response)
{
    struct skp_view code = skp_view_of(skp_err_name(response->err));
    struct skp_view colon = skp_view_of(": ");
    struct skp_view text = response->text;

    if (text.len == 0) {
        text = skp_view_of(skp_err_text(response->err));
    }
    skp_pack_str_head(packer, code.len + colon.len + text.len);
    skp_pack_part(packer, code);
    skp_pack_part(packer, colon);
    skp_pack_part(packer, text);
}

enum skp_err skp_response_encode(const struct skp_response *response,
                                 struct skp_buf *out)
{
    struct skp_packer packer = skp_packer_to(out);

    skp_pack_part(&packer, skp_view_of(RESPONSE_HEAD));
    if (response->has_msgid) {
        skp_pack_uint(&packer, response->msgid);
    } else {
        skp_pack_nil(&packer);
    }
    if (response->err == SKP_ERR_OK) {
        skp_pack_nil(&packer);
        pack_result(&packer, response);
    } else {
        pack_error(&packer, response);
        skp_pack_nil(&packer);
    }
    return skp_packer_done(&packer);
}

enum skp_err skp_changed_encode(const struct skp_tenant_row *rows,
                                size_t n_rows,
                                struct skp_buf *out)
{
    struct skp_packer packer = skp_packer_to(out);

    skp_pack_array(&packer, 3);
    skp_pack_uint(&packer, TYPE_NOTIFICATION);
    skp_pack_text(&packer, CHANGED);
    skp_report_pack_changed(&packer, rows, n_rows);
    return skp_packer_done(&packer);
}

/* ---- decoding ----------------------------------------------------------- */

static enum skp_err read_hello(const struct skp_members *members,
                               struct skp_response *ret)
{
    struct skp_hello *hello;
    void *place;

    SKP_TRY(skp_members_take(members, 1, sizeof *hello, &place));
    hello = place;
    SKP_TRY(skp_report_read_hello(members, hello));
    ret->hello = hello;
    return SKP_ERR_OK;
}

static enum skp_err read_status(const struct skp_members *members,
                                struct skp_response *ret)
{
    struct skp_status *status;
    void *place;

    SKP_TRY(skp_members_take(members, 1, sizeof *status, &place));
    status = place;
    SKP_TRY(skp_status_read(members, status));
    ret->status = status;
    return SKP_ERR_OK;
}

static enum skp_err read_unwrap(const struct skp_members *members,
                                struct skp_response *ret)
{
    uint64_t suite;

    SKP_TRY(skp_member_read_data(members, "data_key", SKP_KEY_LEN, &ret->data));
    SKP_TRY(skp_member_read_number(members, "suite",
                                   SKP_SUITE_X25519_HPKE_AES256GCM, &suite));
    if (suite == SKP_SUITE_ANY) {
        return skp_member_refuse(members, "suite");
    }
    ret->suite = (enum skp_suite)suite;
    return skp_member_read_key_id(members, true, &ret->key_id);
}

static enum skp_err read_result(const struct skp_members *members,
                                struct skp_response *ret)
{
    switch (ret->method) {
    case SKP_METHOD_HELLO:
        return read_hello(members, ret);
    case SKP_METHOD_PUBKEY:
        SKP_TRY(skp_member_read_data(members, "public_key", SKP_KEY_LEN,
                                     &ret->data));
        SKP_TRY(skp_member_read_key_id(members, false, &ret->key_id));
        return skp_member_read_count(members, "generation", &ret->generation);
    case SKP_METHOD_ENCRYPT:
        SKP_TRY(skp_member_read_data(members, "ciphertext", SKP_MEMBER_ANY_LEN,
                                     &ret->data));
        return skp_member_read_key_id(members, true, &ret->key_id);
    case SKP_METHOD_DECRYPT:
        SKP_TRY(skp_member_read_data(members, "plaintext", SKP_MEMBER_ANY_LEN,
                                     &ret->data));
        SKP_TRY(skp_member_read_flag(members, "authenticated",
                                     &ret->authenticated));
        return skp_member_read_key_id(members, true, &ret->key_id);
    case SKP_METHOD_UNWRAP:
        return read_unwrap(members, ret);
    case SKP_METHOD_REWRAP:
        SKP_TRY(skp_member_read_data(members, "header", SKP_HEADER_2_LEN,
                                     &ret->data));
        return skp_member_read_key_id(members, false, &ret->key_id);
    case SKP_METHOD_TENANTS:
        return skp_report_read_rows(members, ret);
    case SKP_METHOD_STATUS:
        return read_status(members, ret);
    case SKP_METHOD_WATCH:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_FORGET:
        return SKP_ERR_OK;
    case SKP_METHOD_COUNT:
    default:
        return SKP_ERR_INTERNAL;
    }
}

/* Split "CODE: text".  A code that this version does not know is INTERNAL, and
 * its text is the whole string. */
static void read_error(struct skp_view error, struct skp_response *ret)
{
    const uint8_t *colon =
        error.len == 0 ? NULL : memchr(error.ptr, ':', error.len);
    size_t len = colon == NULL ? error.len : (size_t)(colon - error.ptr);
    enum skp_err err = error.len == 0
                           ? SKP_ERR_INTERNAL
                           : skp_err_from_name((const char *)error.ptr, len);
    struct skp_view code = { error.ptr, len };

    ret->err = err == SKP_ERR_OK ? SKP_ERR_INTERNAL : err;
    ret->text = error;
    if (!skp_view_equal(code, skp_view_of(skp_err_name(ret->err)))) {
        return;
    }
    /* Behind the colon and the space that follows it. */
    len += colon == NULL ? 0 : 1;
    len += len < error.len && error.ptr[len] == ' ' ? 1 : 0;
    ret->text = (struct skp_view){ error.ptr + len, error.len - len };
}

static enum skp_err refuse_shape(struct skp_diag *diag)
{
    return skp_fail(diag, SKP_ERR_INTERNAL,
                    "answer of the agent: neither response nor notification");
}

/* [1, msgid, error, result] */
static enum skp_err read_response(struct skp_members *members,
                                  const struct skp_value *root,
                                  struct skp_response *ret)
{
    struct skp_value msgid = skp_value_at(root, 1);
    struct skp_value error = skp_value_at(root, 2);

    if (msgid.kind == SKP_KIND_UINT && msgid.number <= UINT32_MAX) {
        ret->has_msgid = true;
        ret->msgid = (uint32_t)msgid.number;
    } else if (msgid.kind != SKP_KIND_NIL) {
        return skp_member_refuse(members, "msgid");
    }
    if (error.kind == SKP_KIND_STR) {
        read_error(error.bytes, ret);
        return SKP_ERR_OK;
    }
    if (error.kind != SKP_KIND_NIL || !ret->has_msgid) {
        return skp_member_refuse(members, "error");
    }
    members->map = skp_value_at(root, 3);
    if (members->map.kind != SKP_KIND_MAP) {
        return skp_member_refuse(members, "result");
    }
    return read_result(members, ret);
}

/* [2, "changed", [{tenant, key_id, generation}, ...]] */
static enum skp_err read_changed(const struct skp_members *members,
                                 const struct skp_value *root,
                                 struct skp_response *ret)
{
    struct skp_value name = skp_value_at(root, 1);
    struct skp_value params = skp_value_at(root, 2);

    if (name.kind != SKP_KIND_STR || params.kind != SKP_KIND_ARRAY ||
        !skp_view_equal(name.bytes, skp_view_of(CHANGED))) {
        return refuse_shape(members->diag);
    }
    return skp_report_read_changed(members, &params, ret);
}

/* The first element of a message, UINT64_MAX for none. */
static uint64_t type_of(const struct skp_value *root)
{
    struct skp_value type;

    if (root->kind != SKP_KIND_ARRAY || root->count == 0) {
        return UINT64_MAX;
    }
    type = skp_value_at(root, 0);
    return type.kind == SKP_KIND_UINT ? type.number : UINT64_MAX;
}

enum skp_err skp_response_decode(struct skp_scratch *scratch,
                                 struct skp_view message,
                                 enum skp_method asked,
                                 enum skp_message *ret_kind,
                                 struct skp_response *ret,
                                 struct skp_diag *diag)
{
    struct skp_response response = { .method = asked };
    struct skp_members members = { .scratch = scratch, .diag = diag };
    enum skp_message kind = SKP_MESSAGE_RESPONSE;
    struct skp_value root;
    enum skp_err err =
        skp_unpack(scratch, message, &skp_frame_answer_limits, &root);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        return refuse_shape(diag);
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "out of memory");
    }
    if (type_of(&root) == TYPE_RESPONSE && root.count == 4) {
        SKP_TRY(read_response(&members, &root, &response));
    } else if (type_of(&root) == TYPE_NOTIFICATION && root.count == 3) {
        kind = SKP_MESSAGE_CHANGED;
        SKP_TRY(read_changed(&members, &root, &response));
    } else {
        return refuse_shape(diag);
    }
    *ret_kind = kind;
    *ret = response;
    return SKP_ERR_OK;
}
