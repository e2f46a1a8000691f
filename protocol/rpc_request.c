/* rpc_request.c - requests, both directions; see rpc.h. */
#include "protocol/rpc_param.h"

/* Type of the first element of a MessagePack-RPC message, a request's. */
#define TYPE_REQUEST 0u

/* An unknown parameter's name longer than this is not shown. */
#define NAME_SHOWN_MAX 32u

enum field {
    FIELD_TENANT,
    FIELD_DATA, /* named plaintext, ciphertext or header */
    FIELD_AAD,
    FIELD_SUITE,
    FIELD_RAW,
    FIELD_ACCEPT_REMOVALS,
    FIELD_CURSOR,
    FIELD_TENANTS,
    FIELD_COUNT,
};

#define BIT(field) (1u << FIELD_##field)

/* Which parameters a method takes. */
struct shape {
    const char *data_name; /* wire name of FIELD_DATA; NULL where there is
                            * none */
    unsigned required;
    unsigned optional;
};

static const struct shape shapes[SKP_METHOD_COUNT] = {
    [SKP_METHOD_HELLO] = { NULL, 0, 0 },
    [SKP_METHOD_PUBKEY] = { NULL, BIT(TENANT), 0 },
    [SKP_METHOD_ENCRYPT] = { "plaintext", BIT(TENANT) | BIT(DATA),
                             BIT(AAD) | BIT(SUITE) | BIT(RAW) },
    [SKP_METHOD_DECRYPT] = { "ciphertext", BIT(TENANT) | BIT(DATA),
                             BIT(AAD) | BIT(SUITE) | BIT(RAW) },
    [SKP_METHOD_UNWRAP] = { "header", BIT(TENANT) | BIT(DATA),
                            BIT(SUITE) | BIT(RAW) },
    [SKP_METHOD_REWRAP] = { "header", BIT(TENANT) | BIT(DATA), 0 },
    [SKP_METHOD_WATCH] = { NULL, 0, BIT(TENANTS) },
    [SKP_METHOD_TENANTS] = { NULL, 0, BIT(CURSOR) },
    [SKP_METHOD_STATUS] = { NULL, 0, 0 },
    [SKP_METHOD_REFRESH] = { NULL, 0, BIT(ACCEPT_REMOVALS) },
    [SKP_METHOD_FORGET] = { NULL, BIT(TENANT), 0 },
};

static const char *field_name(const struct shape *shape, enum field field)
{
    static const char *const names[FIELD_COUNT] = {
        [FIELD_TENANT] = "tenant",
        [FIELD_AAD] = "aad",
        [FIELD_SUITE] = "suite",
        [FIELD_RAW] = "raw",
        [FIELD_ACCEPT_REMOVALS] = "accept_removals",
        [FIELD_CURSOR] = "cursor",
        [FIELD_TENANTS] = "tenants",
    };

    return field == FIELD_DATA ? shape->data_name : names[field];
}

/* ---- encoding ----------------------------------------------------------- */

/* The fields of @request that go on the wire: what is required, and what
 * differs from its absence. */
static unsigned fields_given(const struct skp_request *request)
{
    const struct shape *shape = &shapes[request->method];
    unsigned given = 0;

    given |= request->aad.len > 0 ? BIT(AAD) : 0;
    given |= request->suite != SKP_SUITE_ANY ? BIT(SUITE) : 0;
    given |= request->raw ? BIT(RAW) : 0;
    given |= request->accept_removals ? BIT(ACCEPT_REMOVALS) : 0;
    given |= request->cursor.len > 0 ? BIT(CURSOR) : 0;
    given |= request->n_tenants > 0 ? BIT(TENANTS) : 0;
    return shape->required | (shape->optional & given);
}

static void pack_tenants(struct skp_packer *packer,
                         const struct skp_request *request)
{
    skp_pack_array(packer, request->n_tenants);
    for (size_t i = 0; i < request->n_tenants; i++) {
        skp_pack_str(packer, request->tenants[i]);
    }
}

static void pack_field(struct skp_packer *packer,
                       const struct skp_request *request,
                       enum field field)
{
    switch (field) {
    case FIELD_TENANT:
        skp_pack_str(packer, request->tenant);
        break;
    case FIELD_DATA:
        skp_pack_bin(packer, request->data);
        break;
    case FIELD_AAD:
        skp_pack_bin(packer, request->aad);
        break;
    case FIELD_SUITE:
        skp_pack_uint(packer, request->suite);
        break;
    case FIELD_RAW:
        skp_pack_bool(packer, request->raw);
        break;
    case FIELD_ACCEPT_REMOVALS:
        skp_pack_bool(packer, request->accept_removals);
        break;
    case FIELD_CURSOR:
        skp_pack_str(packer, request->cursor);
        break;
    case FIELD_TENANTS:
        pack_tenants(packer, request);
        break;
    case FIELD_COUNT:
    default:
        break;
    }
}

enum skp_err skp_request_encode(const struct skp_request *request,
                                struct skp_buf *out)
{
    const struct shape *shape;
    struct skp_packer packer = skp_packer_to(out);
    unsigned given;

    skp_assert(request->method < SKP_METHOD_COUNT);
    shape = &shapes[request->method];
    given = fields_given(request);
    skp_pack_array(&packer, 4);
    skp_pack_uint(&packer, TYPE_REQUEST);
    skp_pack_uint(&packer, request->msgid);
    skp_pack_text(&packer, skp_method_name(request->method));
    skp_pack_array(&packer, 1);
    skp_pack_map(&packer, (size_t)__builtin_popcount(given));
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        if ((given & 1u << field) != 0) {
            skp_pack_text(&packer, field_name(shape, (enum field)field));
            pack_field(&packer, request, (enum field)field);
        }
    }
    return skp_packer_done(&packer);
}

/* ---- decoding ----------------------------------------------------------- */

static enum skp_err read_field(enum field field,
                               const struct skp_param *param,
                               struct skp_request *ret)
{
    switch (field) {
    case FIELD_TENANT:
        return skp_param_read_tenant(param, &ret->tenant);
    case FIELD_DATA:
        return skp_param_read_bytes(param, &ret->data);
    case FIELD_AAD:
        return skp_param_read_aad(param, &ret->aad);
    case FIELD_SUITE:
        return skp_param_read_suite(param, &ret->suite);
    case FIELD_RAW:
        return skp_param_read_bool(param, &ret->raw);
    case FIELD_ACCEPT_REMOVALS:
        return skp_param_read_bool(param, &ret->accept_removals);
    case FIELD_CURSOR:
        return skp_param_read_text(param, &ret->cursor);
    case FIELD_TENANTS:
        return skp_param_read_tenants(param, ret);
    case FIELD_COUNT:
    default:
        return SKP_ERR_INTERNAL;
    }
}

/* The parameter of that name, among those of the method; FIELD_COUNT for
 * none. */
static enum field find_field(const struct shape *shape,
                             const struct skp_value *key)
{
    unsigned allowed = shape->required | shape->optional;
    unsigned field;

    for (field = 0; key->kind == SKP_KIND_STR && field < FIELD_COUNT; field++) {
        if ((allowed & 1u << field) == 0) {
            continue;
        }
        if (skp_view_equal(key->bytes,
                           skp_view_of(field_name(shape, (enum field)field)))) {
            return (enum field)field;
        }
    }
    return FIELD_COUNT;
}

/* Name the unknown parameter when it looks like a name; else it may be a
 * misplaced value, which is not repeated. */
static enum skp_err refuse_unknown(const struct skp_value *key,
                                   enum skp_method method,
                                   struct skp_diag *diag)
{
    const uint8_t *name = key->bytes.ptr;
    size_t len = 0;

    while (len < key->bytes.len &&
           (name[len] == '_' || (name[len] >= 'a' && name[len] <= 'z'))) {
        len++;
    }
    if (key->kind != SKP_KIND_STR || len == 0 || len < key->bytes.len ||
        len > NAME_SHOWN_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "%s was given an unknown parameter",
                        skp_method_name(method));
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                    "%s does not know parameter %.*s", skp_method_name(method),
                    (int)len, (const char *)name);
}

static enum skp_err refuse_missing(const struct shape *shape,
                                   unsigned missing,
                                   struct skp_diag *diag)
{
    enum field first = (enum field)__builtin_ctz(missing);

    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "parameter %s is missing",
                    field_name(shape, first));
}

/* What a message is read with. */
struct reading {
    struct skp_reader reader;
    struct skp_scratch *scratch;
    struct skp_diag *diag;
};

/* The @count parameters, name and value in turns. */
static enum skp_err
read_params(struct reading *reading, size_t count, struct skp_request *ret)
{
    const struct shape *shape = &shapes[ret->method];
    struct skp_param param = { .reader = &reading->reader,
                               .scratch = reading->scratch,
                               .diag = reading->diag };
    unsigned seen = 0;

    for (size_t i = 0; i < count; i++) {
        enum field field;

        skp_reader_next(&reading->reader, &param.value);
        field = find_field(shape, &param.value);
        if (field == FIELD_COUNT) {
            return refuse_unknown(&param.value, ret->method, reading->diag);
        }
        param.name = field_name(shape, field);
        if ((seen & 1u << field) != 0) {
            return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                            "parameter %s is given twice", param.name);
        }
        seen |= 1u << field;
        skp_reader_next(&reading->reader, &param.value);
        SKP_TRY(read_field(field, &param, ret));
    }
    if ((shape->required & ~seen) != 0) {
        return refuse_missing(shape, shape->required & ~seen, reading->diag);
    }
    return SKP_ERR_OK;
}

static enum skp_err read_method(const struct skp_value *value,
                                enum skp_method *ret,
                                struct skp_diag *diag)
{
    enum skp_method method;

    if (value->kind != SKP_KIND_STR || value->bytes.len > SKP_METHOD_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "method must be a str of at most %u bytes",
                        SKP_METHOD_MAX);
    }
    method = skp_method_from_name(value->bytes);
    if (method == SKP_METHOD_COUNT) {
        return skp_fail(diag, SKP_ERR_UNIMPLEMENTED, "unknown method");
    }
    *ret = method;
    return SKP_ERR_OK;
}

/* Find out whether it is a request that can be answered with its msgid.
 * @ret_count  elements of the whole message. */
static enum skp_err read_msgid(struct reading *reading,
                               size_t *ret_count,
                               struct skp_refusal *refusal)
{
    struct skp_value value;

    skp_reader_next(&reading->reader, &value);
    if (value.kind != SKP_KIND_ARRAY || value.count < 2) {
        return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                        "message is no request");
    }
    *ret_count = value.count;
    skp_reader_next(&reading->reader, &value);
    if (value.kind != SKP_KIND_UINT || value.number != TYPE_REQUEST) {
        return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                        "message is no request: its type must be 0");
    }
    skp_reader_next(&reading->reader, &value);
    if (value.kind != SKP_KIND_UINT || value.number > UINT32_MAX) {
        return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                        "msgid must be an integer from 0 to 4294967295");
    }
    *refusal = (struct skp_refusal){ true, (uint32_t)value.number };
    return SKP_ERR_OK;
}

/* What stands between msgid and tenant of the cheapest request, and so often
 * the most frequent, when it is encoded as nearly every encoder does it. */
#define PUBKEY_OPENING "\xa6pubkey\x91\x81\xa6tenant"

static bool skip_pubkey_opening(struct skp_reader *reader)
{
    struct skp_view opening = skp_view_of(PUBKEY_OPENING);
    struct skp_view next = { reader->at, opening.len };

    if ((size_t)(reader->end - reader->at) < opening.len ||
        !skp_view_equal(next, opening)) {
        return false;
    }
    reader->at += opening.len;
    return true;
}

static enum skp_err read_pubkey(struct reading *reading,
                                struct skp_request *ret)
{
    struct skp_param param = { .name = field_name(&shapes[SKP_METHOD_PUBKEY],
                                                  FIELD_TENANT),
                               .diag = reading->diag };

    ret->method = SKP_METHOD_PUBKEY;
    skp_reader_next(&reading->reader, &param.value);
    return skp_param_read_tenant(&param, &ret->tenant);
}

static enum skp_err
read_request(struct reading *reading, size_t count, struct skp_request *ret)
{
    struct skp_value value;
    bool is_one;

    if (count != 4) {
        return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                        "request must be [0, msgid, method, params]");
    }
    if (skip_pubkey_opening(&reading->reader)) {
        return read_pubkey(reading, ret);
    }
    skp_reader_next(&reading->reader, &value);
    SKP_TRY(read_method(&value, &ret->method, reading->diag));
    skp_reader_next(&reading->reader, &value);
    is_one = value.kind == SKP_KIND_ARRAY && value.count == 1;
    skp_reader_next(&reading->reader, &value);
    if (!is_one || value.kind != SKP_KIND_MAP) {
        return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT,
                        "params must be an array of exactly one map");
    }
    return read_params(reading, value.count, ret);
}

enum skp_err skp_request_read(struct skp_scratch *scratch,
                              struct skp_view bytes,
                              struct skp_request *ret,
                              size_t *ret_len,
                              struct skp_refusal *refusal,
                              struct skp_diag *diag)
{
    struct reading reading = { { bytes.ptr, bytes.ptr + bytes.len },
                               scratch,
                               diag };
    struct skp_refusal found = { false, 0 };
    struct skp_request request = { 0 };
    size_t count = 0;
    size_t len;
    enum skp_err err = read_msgid(&reading, &count, &found);

    if (err == SKP_ERR_OK) {
        request.msgid = found.msgid;
        err = read_request(&reading, count, &request);
    }
    len = (size_t)(reading.reader.at - bytes.ptr);
    if (err == SKP_ERR_OK && len > skp_frame_request_limits.message_max) {
        err = skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "message is too big");
    }
    if (err != SKP_ERR_OK) {
        *refusal = found;
        return err;
    }
    *ret = request;
    *ret_len = len;
    return SKP_ERR_OK;
}

enum skp_err skp_request_decode(struct skp_scratch *scratch,
                                struct skp_view message,
                                struct skp_request *ret,
                                struct skp_refusal *refusal,
                                struct skp_diag *diag)
{
    size_t len = 0;

    if (skp_frame_scan(message, &skp_frame_request_limits, &len) !=
            SKP_FRAME_WHOLE ||
        len != message.len) {
        *refusal = (struct skp_refusal){ false, 0 };
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "message is no MessagePack, or too big");
    }
    return skp_request_read(scratch, message, ret, &len, refusal, diag);
}
