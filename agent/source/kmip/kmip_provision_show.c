/* kmip_provision_show.c - objects of the KMS, shown to operators; see
 * kmip_provision.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_payload.h"
#include "agent/source/kmip/kmip_provision_ask.h"
#include "agent/source/kmip/kmip_text.h"
#include "agent/source/kmip/ttlv.h"

/* ---- one object ---------------------------------------------------------- */

static void take_date(struct skp_view attribute, int64_t *ret)
{
    struct skd_ttlv date;

    if (skd_ttlv_find(attribute, SKD_TAG_ATTRIBUTE_VALUE, SKD_TTLV_DATE_TIME,
                      &date) == SKP_ERR_OK) {
        *ret = skd_ttlv_long(&date);
    }
}

static void take_name(struct skp_view attribute, struct skd_kmip_object *ret)
{
    struct skp_view value = { NULL, 0 };
    struct skp_view name = { NULL, 0 };

    if (ret->name[0] == '\0' &&
        skd_ttlv_find_structure(attribute, SKD_TAG_ATTRIBUTE_VALUE, &value) ==
            SKP_ERR_OK &&
        skd_ttlv_find_text(value, SKD_TAG_NAME_VALUE, &name) == SKP_ERR_OK) {
        skd_kmip_text_copy(name, ret->name, sizeof ret->name);
    }
}

static void take_attribute(struct skp_view name,
                           struct skp_view attribute,
                           struct skd_kmip_object *ret)
{
    uint32_t state = 0;

    if (skp_view_equal(name, skp_view_of("Name"))) {
        take_name(attribute, ret);
    } else if (skp_view_equal(name, skp_view_of("Initial Date"))) {
        take_date(attribute, &ret->initial_s);
    } else if (skp_view_equal(name, skp_view_of("Activation Date"))) {
        take_date(attribute, &ret->activation_s);
    } else if (skp_view_equal(name, skp_view_of("State")) &&
               skd_ttlv_find_enum(attribute, SKD_TAG_ATTRIBUTE_VALUE, &state) ==
                   SKP_ERR_OK) {
        ret->state = skd_kmip_state_name(state);
    }
}

struct described {
    struct skp_view identifier;
    struct skd_kmip_object object;
};

static enum skp_err
take_object(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct described *described = state;
    struct skp_view name = { NULL, 0 };
    struct skp_view attribute = { NULL, 0 };

    SKP_TRY(
        skd_kmip_provision_take_same(&described->identifier, payload, diag));
    memset(&described->object, 0, sizeof described->object);
    described->object.state = "unknown";
    skd_kmip_text_copy(described->identifier, described->object.identifier,
                       sizeof described->object.identifier);
    while (skd_kmip_payload_next_attribute(&payload, &name, &attribute)) {
        take_attribute(name, attribute, &described->object);
    }
    return SKP_ERR_OK;
}

static enum skp_err describe(struct skd_kmip_provision *provision,
                             struct skp_view identifier,
                             struct described *ret,
                             struct skp_diag *diag)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_GET_ATTRIBUTES,
        .identifier = identifier,
        .all_attributes = true,
    };

    ret->identifier = identifier;
    return skd_kmip_provision_ask(provision, &question, take_object, ret, diag);
}

enum skp_err skd_kmip_provision_attributes(struct skd_kmip_provision *provision,
                                           struct skp_view tenant,
                                           struct skd_kmip_object *ret,
                                           struct skp_diag *diag)
{
    struct skd_kmip_identifier found = { { 0 }, 0 };
    struct described described;

    SKP_TRY(skd_kmip_provision_find(provision, tenant, &found, diag));
    SKP_TRY(describe(provision, (struct skp_view){ found.bytes, found.len },
                     &described, diag));
    *ret = described.object;
    return SKP_ERR_OK;
}

/* ---- list ---------------------------------------------------------------- */

struct listing {
    struct skd_kmip_identifier *found;
    size_t n;
    size_t cap;
};

static void free_listing(struct listing *listing)
{
    free(listing->found);
}

static enum skp_err keep_identifier(struct listing *listing,
                                    struct skp_view identifier)
{
    if (listing->n == listing->cap) {
        size_t cap = listing->cap == 0 ? 64 : 2 * listing->cap;
        struct skd_kmip_identifier *grown =
            reallocarray(listing->found, cap, sizeof *grown);

        if (grown == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        listing->found = grown;
        listing->cap = cap;
    }
    memcpy(listing->found[listing->n].bytes, identifier.ptr, identifier.len);
    listing->found[listing->n].len = identifier.len;
    listing->n++;
    return SKP_ERR_OK;
}

static enum skp_err
take_listing(void *state, struct skp_view payload, struct skp_diag *diag)
{
    struct listing *listing = state;
    struct skd_ttlv item;

    while (payload.len > 0 && skd_ttlv_take(&payload, &item) == SKP_ERR_OK) {
        if (item.tag != SKD_TAG_UNIQUE_IDENTIFIER) {
            continue;
        }
        if (item.type != SKD_TTLV_TEXT || item.value.len == 0 ||
            item.value.len > SKD_KMIP_IDENTIFIER_MAX ||
            !skd_ttlv_is_clean_text(item.value)) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                            "an identifier that is none");
        }
        SKP_TRY(keep_identifier(listing, item.value));
    }
    return SKP_ERR_OK;
}

enum skp_err skd_kmip_provision_list(
    struct skd_kmip_provision *provision,
    void (*on_object)(void *state, const struct skd_kmip_object *object),
    void *state,
    struct skp_diag *diag)
{
    const struct skd_kmip_question question = { .operation = SKD_OP_LOCATE };
    SKP_CLEANUP(free_listing) struct listing listing = { NULL, 0, 0 };

    SKP_TRY(skd_kmip_provision_ask(provision, &question, take_listing, &listing,
                                   diag));
    for (size_t i = 0; i < listing.n; i++) {
        struct described described;
        enum skp_err err = describe(
            provision,
            (struct skp_view){ listing.found[i].bytes, listing.found[i].len },
            &described, diag);

        /* Destroyed since it was listed. */
        if (err == SKP_ERR_NOT_FOUND) {
            continue;
        }
        SKP_TRY(err);
        on_object(state, &described.object);
    }
    return SKP_ERR_OK;
}
