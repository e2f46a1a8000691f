/* kmip_fake.c - a KMIP server of a few objects; see kmip_fake.h. */
#include "tests/lib/kmip_fake.h"

#include <stdio.h>
#include <string.h>

#include <check.h>

#include "agent/source/kmip/ttlv.h"

#define ITEMS_MAX 64u

struct item {
    uint32_t operation;
    struct skp_view id;
    struct skp_view payload;
};

/* The answer to one item being written. */
struct answer {
    struct skt_fake *fake;
    struct skd_ttlv_writer *w;
    const struct item *item;
    bool has_failed;
    bool is_poison;
};

struct skt_fake_object *skt_fake_add(struct skt_fake *fake,
                                     const char *identifier,
                                     const char *name,
                                     const char *seed)
{
    struct skt_fake_object *object = &fake->objects[fake->n++];

    ck_assert_uint_le(fake->n, SKT_FAKE_OBJECTS);
    memset(object, 0, sizeof *object);
    (void)snprintf(object->identifier, sizeof object->identifier, "%s",
                   identifier);
    (void)snprintf(object->name, sizeof object->name, "%s", name);
    (void)snprintf(object->seed, sizeof object->seed, "%s", seed);
    object->state = SKD_STATE_ACTIVE;
    object->initial_s = 1700000000 + (int64_t)fake->n;
    return object;
}

static struct skt_fake_object *find_object(struct skt_fake *fake,
                                           struct skp_view payload)
{
    struct skp_view identifier = { NULL, 0 };

    ck_assert_msg(skd_ttlv_find_text(payload, SKD_TAG_UNIQUE_IDENTIFIER,
                                     &identifier) == SKP_ERR_OK &&
                      identifier.len > 0,
                  "a request without an identifier");
    for (size_t i = 0; i < fake->n; i++) {
        if (skp_view_equal(identifier,
                           skp_view_of(fake->objects[i].identifier))) {
            return &fake->objects[i];
        }
    }
    return NULL;
}

/* ---- answers ------------------------------------------------------------- */

static void
begin_answer(struct answer *answer, uint32_t status, uint32_t reason)
{
    struct skd_ttlv_writer *w = answer->w;

    skd_ttlv_put_enum(w, SKD_TAG_OPERATION, answer->item->operation);
    skd_ttlv_put_bytes(w, SKD_TAG_UNIQUE_BATCH_ITEM_ID, answer->item->id);
    skd_ttlv_put_enum(w, SKD_TAG_RESULT_STATUS, status);
    if (status != 0) {
        skd_ttlv_put_enum(w, SKD_TAG_RESULT_REASON, reason);
        skd_ttlv_put_text(w, SKD_TAG_RESULT_MESSAGE,
                          skp_view_of("no \x1b[31mway"));
        answer->has_failed = true;
    } else {
        skd_ttlv_begin(w, SKD_TAG_RESPONSE_PAYLOAD);
    }
}

static void put_identifier(struct answer *answer,
                           const struct skt_fake_object *object)
{
    skd_ttlv_put_text(answer->w, SKD_TAG_UNIQUE_IDENTIFIER,
                      skp_view_of(object->identifier));
}

/* The text value of the attribute @name of a Locate or Register. */
static struct skp_view find_wanted(struct skp_view payload)
{
    struct skd_ttlv item;
    struct skp_view name = { NULL, 0 };
    struct skp_view value = { NULL, 0 };

    while (payload.len > 0 && skd_ttlv_take(&payload, &item) == SKP_ERR_OK) {
        if (item.tag != SKD_TAG_ATTRIBUTE) {
            continue;
        }
        ck_assert(skd_ttlv_find_text(item.value, SKD_TAG_ATTRIBUTE_NAME,
                                     &name) == SKP_ERR_OK);
        if (skp_view_equal(name, skp_view_of("Name"))) {
            ck_assert(skd_ttlv_find_structure(item.value,
                                              SKD_TAG_ATTRIBUTE_VALUE,
                                              &value) == SKP_ERR_OK);
            ck_assert(skd_ttlv_find_text(value, SKD_TAG_NAME_VALUE, &name) ==
                      SKP_ERR_OK);
            return name;
        }
        if (name.ptr[0] == 'x') {
            ck_assert(skd_ttlv_find_text(item.value, SKD_TAG_ATTRIBUTE_VALUE,
                                         &name) == SKP_ERR_OK);
            return name;
        }
    }
    return (struct skp_view){ NULL, 0 };
}

static void answer_locate(struct answer *answer)
{
    struct skp_view wanted = find_wanted(answer->item->payload);

    begin_answer(answer, 0, 0);
    for (size_t i = 0; i < answer->fake->n; i++) {
        const struct skt_fake_object *object = &answer->fake->objects[i];

        if (object->state < SKD_STATE_DESTROYED &&
            (wanted.len == 0 ||
             skp_view_equal(wanted, skp_view_of(object->name)))) {
            put_identifier(answer, object);
        }
    }
}

static void answer_get(struct answer *answer,
                       const struct skt_fake_object *object)
{
    struct skd_ttlv_writer *w = answer->w;

    answer->is_poison = object->is_poison;
    begin_answer(answer, 0, 0);
    skd_ttlv_put_enum(w, SKD_TAG_OBJECT_TYPE, SKD_KMIP_OBJECT_SECRET_DATA);
    put_identifier(answer, object);
    skd_ttlv_begin(w, SKD_TAG_SECRET_DATA);
    skd_ttlv_put_enum(w, SKD_TAG_SECRET_DATA_TYPE, SKD_KMIP_SECRET_SEED);
    skd_ttlv_begin(w, SKD_TAG_KEY_BLOCK);
    skd_ttlv_put_enum(w, SKD_TAG_KEY_FORMAT_TYPE, SKD_KMIP_FORMAT_OPAQUE);
    skd_ttlv_begin(w, SKD_TAG_KEY_VALUE);
    skd_ttlv_put_bytes(w, SKD_TAG_KEY_MATERIAL, skp_view_of(object->seed));
    skd_ttlv_end(w);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
}

static void
put_enum_attribute(struct skd_ttlv_writer *w, const char *name, uint32_t value)
{
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of(name));
    skd_ttlv_put_enum(w, SKD_TAG_ATTRIBUTE_VALUE, value);
    skd_ttlv_end(w);
}

static void answer_attributes(struct answer *answer,
                              const struct skt_fake_object *object)
{
    struct skd_ttlv_writer *w = answer->w;
    struct skp_view name =
        skp_view_of(object->is_misnamed ? "another" : object->name);

    begin_answer(answer, 0, 0);
    put_identifier(answer, object);
    put_enum_attribute(w, "State", object->state);
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("Name"));
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE_VALUE);
    skd_ttlv_put_text(w, SKD_TAG_NAME_VALUE, name);
    skd_ttlv_put_enum(w, SKD_TAG_NAME_TYPE, SKD_KMIP_NAME_UNINTERPRETED);
    skd_ttlv_end(w);
    skd_ttlv_end(w);
    skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME, skp_view_of("x-tenant"));
    skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_VALUE, name);
    skd_ttlv_end(w);
    put_enum_attribute(w, "Object Type", SKD_KMIP_OBJECT_SECRET_DATA);
    if (object->initial_s != 0) {
        skd_ttlv_begin(w, SKD_TAG_ATTRIBUTE);
        skd_ttlv_put_text(w, SKD_TAG_ATTRIBUTE_NAME,
                          skp_view_of("Initial Date"));
        skd_ttlv_put_date(w, SKD_TAG_ATTRIBUTE_VALUE, object->initial_s);
        skd_ttlv_end(w);
    }
}

static void answer_register(struct answer *answer)
{
    struct skt_fake *fake = answer->fake;
    struct skp_view template = { NULL, 0 };
    struct skp_view name;
    struct skt_fake_object *object;
    char identifier[16];
    bool is_dated;

    ck_assert(skd_ttlv_find_structure(answer->item->payload,
                                      SKD_TAG_TEMPLATE_ATTRIBUTE,
                                      &template) == SKP_ERR_OK);
    name = find_wanted(template);
    ck_assert(name.ptr != NULL);
    is_dated =
        memmem(template.ptr, template.len, "Activation Date", 15) != NULL;
    if (is_dated && !fake->takes_activation_date) {
        begin_answer(answer, 1, 7);
        return;
    }
    (void)snprintf(identifier, sizeof identifier, "new%zu", fake->n);
    object = skt_fake_add(fake, identifier, "", "");
    memcpy(object->name, name.ptr, name.len);
    object->state = is_dated ? SKD_STATE_ACTIVE : SKD_STATE_PRE_ACTIVE;
    begin_answer(answer, 0, 0);
    put_identifier(answer, object);
}

static void answer_discover(struct answer *answer)
{
    answer->fake->n_versions_offered = (unsigned)skd_ttlv_count(
        answer->item->payload, SKD_TAG_PROTOCOL_VERSION);
    if (answer->fake->minor_max == 0) {
        begin_answer(answer, 1, 5);
        return;
    }
    begin_answer(answer, 0, 0);
    for (uint32_t minor = answer->fake->minor_max + 1; minor > 0; minor--) {
        skd_ttlv_begin(answer->w, SKD_TAG_PROTOCOL_VERSION);
        skd_ttlv_put_int(answer->w, SKD_TAG_VERSION_MAJOR, 1);
        skd_ttlv_put_int(answer->w, SKD_TAG_VERSION_MINOR, (int32_t)minor - 1);
        skd_ttlv_end(answer->w);
    }
}

static uint32_t read_functions(struct skp_view payload)
{
    struct skd_ttlv item;
    uint32_t functions = 0;

    while (payload.len > 0) {
        ck_assert(skd_ttlv_take(&payload, &item) == SKP_ERR_OK);
        ck_assert(item.tag == SKD_TAG_QUERY_FUNCTION &&
                  item.type == SKD_TTLV_ENUMERATION);
        functions |= 1u << skd_ttlv_enum(&item);
    }
    return functions;
}

static void put_query(struct answer *answer)
{
    struct skt_fake *fake = answer->fake;
    struct skd_ttlv_writer *w = answer->w;

    for (uint32_t i = 1; i < 64; i++) {
        if ((fake->query_operations >> i & 1u) != 0) {
            skd_ttlv_put_enum(w, SKD_TAG_OPERATION, i);
        }
    }
    skd_ttlv_put_enum(w, SKD_TAG_OBJECT_TYPE, SKD_KMIP_OBJECT_SECRET_DATA);
    if (fake->vendor != NULL) {
        skd_ttlv_put_text(w, SKD_TAG_VENDOR_IDENTIFICATION,
                          skp_view_of(fake->vendor));
    }
    skd_ttlv_begin(w, SKD_TAG_SERVER_INFORMATION);
    skd_ttlv_end(w);
    for (uint32_t profile = 7; fake->has_profiles && profile <= 9;
         profile += 2) {
        skd_ttlv_begin(w, SKD_TAG_PROFILE_INFORMATION);
        skd_ttlv_put_enum(w, SKD_TAG_PROFILE_NAME, profile);
        skd_ttlv_end(w);
    }
}

static void answer_query(struct answer *answer)
{
    struct skt_fake *fake = answer->fake;

    fake->query_functions = read_functions(answer->item->payload);
    if (fake->query_operations == 0) {
        begin_answer(answer, 1, 5);
        return;
    }
    begin_answer(answer, 0, 0);
    put_query(answer);
}

static void change_state(struct answer *answer, struct skt_fake_object *object)
{
    uint32_t reason = 0;
    struct skp_view revocation = { NULL, 0 };

    if (answer->item->operation == SKD_OP_ACTIVATE) {
        object->state = SKD_STATE_ACTIVE;
    } else if (answer->item->operation == SKD_OP_DESTROY) {
        object->state = SKD_STATE_DESTROYED;
    } else {
        ck_assert(skd_ttlv_find_structure(answer->item->payload,
                                          SKD_TAG_REVOCATION_REASON,
                                          &revocation) == SKP_ERR_OK);
        ck_assert(skd_ttlv_find_enum(revocation, SKD_TAG_REVOCATION_REASON_CODE,
                                     &reason) == SKP_ERR_OK);
        object->state = reason == SKD_REVOKED_KEY_COMPROMISE
                            ? SKD_STATE_COMPROMISED
                            : SKD_STATE_DEACTIVATED;
    }
    begin_answer(answer, 0, 0);
    put_identifier(answer, object);
}

static void answer_object(struct answer *answer)
{
    struct skt_fake_object *object =
        find_object(answer->fake, answer->item->payload);

    if (object == NULL || object->is_lost) {
        begin_answer(answer, 1, SKD_REASON_ITEM_NOT_FOUND);
    } else if (object->is_denied) {
        begin_answer(answer, 1, SKD_REASON_PERMISSION_DENIED);
    } else if (answer->item->operation == SKD_OP_GET) {
        answer_get(answer, object);
    } else if (answer->item->operation == SKD_OP_GET_ATTRIBUTES) {
        answer_attributes(answer, object);
    } else {
        change_state(answer, object);
    }
}

static void write_answer(struct answer *answer)
{
    skd_ttlv_begin(answer->w, SKD_TAG_BATCH_ITEM);
    switch (answer->item->operation) {
    case SKD_OP_LOCATE:
        answer_locate(answer);
        break;
    case SKD_OP_REGISTER:
        answer_register(answer);
        break;
    case SKD_OP_DISCOVER_VERSIONS:
        answer_discover(answer);
        break;
    case SKD_OP_QUERY:
        answer_query(answer);
        break;
    default:
        answer_object(answer);
        break;
    }
    if (!answer->has_failed) {
        skd_ttlv_end(answer->w); /* the payload */
    }
    skd_ttlv_end(answer->w);
}

/* ---- messages ------------------------------------------------------------ */

static size_t
read_request(struct skt_fake *fake, struct skp_view request, struct item *items)
{
    struct skp_view message = { NULL, 0 };
    struct skp_view header = { NULL, 0 };
    struct skp_view version = { NULL, 0 };
    struct skd_ttlv item;
    int32_t minor = 0;
    int32_t count = 0;
    size_t n = 0;

    ck_assert(skd_ttlv_check(request) == SKP_ERR_OK);
    ck_assert(skd_ttlv_find_structure(request, SKD_TAG_REQUEST_MESSAGE,
                                      &message) == SKP_ERR_OK);
    ck_assert(skd_ttlv_find_structure(message, SKD_TAG_REQUEST_HEADER,
                                      &header) == SKP_ERR_OK);
    ck_assert(skd_ttlv_find_structure(header, SKD_TAG_PROTOCOL_VERSION,
                                      &version) == SKP_ERR_OK);
    ck_assert(skd_ttlv_find_int(version, SKD_TAG_VERSION_MINOR, &minor) ==
              SKP_ERR_OK);
    ck_assert(skd_ttlv_find_int(header, SKD_TAG_BATCH_COUNT, &count) ==
              SKP_ERR_OK);
    fake->last_minor = (uint32_t)minor;
    while (message.len > 0 && n < ITEMS_MAX) {
        ck_assert(skd_ttlv_take(&message, &item) == SKP_ERR_OK);
        if (item.tag != SKD_TAG_BATCH_ITEM) {
            continue;
        }
        ck_assert(skd_ttlv_find_enum(item.value, SKD_TAG_OPERATION,
                                     &items[n].operation) == SKP_ERR_OK);
        ck_assert(skd_ttlv_find_bytes(item.value, SKD_TAG_UNIQUE_BATCH_ITEM_ID,
                                      &items[n].id) == SKP_ERR_OK);
        ck_assert(skd_ttlv_find_structure(item.value, SKD_TAG_REQUEST_PAYLOAD,
                                          &items[n].payload) == SKP_ERR_OK);
        n++;
    }
    ck_assert_int_eq(count, (int)n);
    return n;
}

static void put_header(struct skd_ttlv_writer *w, uint32_t minor, size_t count)
{
    skd_ttlv_begin(w, SKD_TAG_RESPONSE_HEADER);
    skd_ttlv_begin(w, SKD_TAG_PROTOCOL_VERSION);
    skd_ttlv_put_int(w, SKD_TAG_VERSION_MAJOR, 1);
    skd_ttlv_put_int(w, SKD_TAG_VERSION_MINOR, (int32_t)minor);
    skd_ttlv_end(w);
    skd_ttlv_put_int(w, SKD_TAG_BATCH_COUNT, (int32_t)count);
    skd_ttlv_end(w);
}

/* One failed item without operation and id, in version 1.0. */
static void refuse_message(struct skp_secret *out, uint32_t reason)
{
    struct skd_ttlv_writer w;

    skd_ttlv_start(&w, out);
    skd_ttlv_begin(&w, SKD_TAG_RESPONSE_MESSAGE);
    put_header(&w, 0, 1);
    skd_ttlv_begin(&w, SKD_TAG_BATCH_ITEM);
    skd_ttlv_put_enum(&w, SKD_TAG_RESULT_STATUS, 1);
    skd_ttlv_put_enum(&w, SKD_TAG_RESULT_REASON, reason);
    skd_ttlv_end(&w);
    skd_ttlv_end(&w);
    ck_assert(skd_ttlv_finish(&w) == SKP_ERR_OK);
}

/* Items are written first, apart, because the header counts them. */
static size_t answer_items(struct skt_fake *fake,
                           const struct item *items,
                           size_t n,
                           struct skp_secret *out,
                           bool *ret_is_poison)
{
    struct skd_ttlv_writer w;
    size_t n_answered = 0;

    skd_ttlv_start(&w, out);
    for (size_t i = 0; i < n; i++) {
        struct answer answer = { fake, &w, &items[i], false, false };

        if (fake->answers_backwards) {
            answer.item = &items[n - 1 - i];
        }
        write_answer(&answer);
        n_answered++;
        *ret_is_poison = *ret_is_poison || answer.is_poison;
        if (answer.has_failed && fake->stops_at_failure) {
            break;
        }
    }
    ck_assert(skd_ttlv_finish(&w) == SKP_ERR_OK);
    return n_answered;
}

void skt_fake_serve(void *state,
                    struct skp_view request,
                    struct skp_secret *out)
{
    struct skt_fake *fake = state;
    struct item items[ITEMS_MAX];
    struct skp_secret body = { NULL, 0, 0 };
    struct skd_ttlv_writer w;
    bool is_poison = false;
    size_t start = out->len;
    size_t n;

    memset(items, 0, sizeof items);
    n = read_request(fake, request, items);
    fake->n_messages++;
    fake->n_items += (unsigned)n;
    if (n > fake->largest_batch) {
        fake->largest_batch = n;
    }
    if (fake->refuses_newer && fake->last_minor > fake->minor_max) {
        refuse_message(out, SKD_REASON_INVALID_MESSAGE);
        return;
    }
    if (fake->refuses_all || (fake->refuses_batches && n > 1)) {
        refuse_message(out, fake->refuses_all ? 3 : 4);
        return;
    }
    n = answer_items(fake, items, n, &body, &is_poison);
    skd_ttlv_start(&w, out);
    skd_ttlv_begin(&w, SKD_TAG_RESPONSE_MESSAGE);
    put_header(&w, fake->last_minor, n);
    w.err = skp_secret_append(out, body.bytes, body.len);
    skd_ttlv_end(&w);
    ck_assert(skd_ttlv_finish(&w) == SKP_ERR_OK);
    skp_secret_done(&body);
    if (is_poison) {
        memset(out->bytes + start, 0x17, out->len - start);
    }
}
