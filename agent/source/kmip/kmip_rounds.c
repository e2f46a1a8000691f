/* kmip_rounds.c - the round trips of a fetch; see kmip_rounds.h. */
#include "agent/source/kmip/kmip_rounds.h"

#include <string.h>

#include "agent/source/kmip/kmip_payload.h"
#include "protocol/key.h"

/* ---- states -------------------------------------------------------------- */

static bool is_served(const struct skd_kmip_slice *slice,
                      enum skd_kmip_state state)
{
    return state < SKD_STATE_DESTROYED &&
           (state != SKD_STATE_PRE_ACTIVE || !slice->require_active);
}

static void set_state(struct skd_kmip_lookup *lookup, enum skd_kmip_state state)
{
    static const enum skd_key_state states[] = {
        [SKD_STATE_PRE_ACTIVE] = SKD_KEY_PRE_ACTIVE,
        [SKD_STATE_ACTIVE] = SKD_KEY_ACTIVE,
        [SKD_STATE_DEACTIVATED] = SKD_KEY_DEACTIVATED,
        [SKD_STATE_COMPROMISED] = SKD_KEY_COMPROMISED,
    };

    lookup->state = states[state];
    lookup->has_state = true;
}

/* ---- short round: what is remembered ------------------------------------- */

static void
on_confirmed(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct skd_kmip_slice *slice = state;
    struct skd_kmip_lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    struct skp_view tenant = skd_kmip_slice_tenant(slice, lookup);
    struct skd_kmip_known known =
        skd_kmip_remember_get(slice->remember, tenant);
    enum skd_kmip_state kmip_state = SKD_STATE_DESTROYED;

    if (result->err != SKP_ERR_OK ||
        skd_kmip_payload_state(result->payload, known.identifier, tenant,
                               slice->attribute, &kmip_state,
                               NULL) != SKP_ERR_OK ||
        skd_kmip_payload_initial(result->payload) != known.initial_s ||
        !is_served(slice, kmip_state)) {
        return;
    }
    set_state(lookup, kmip_state);
    lookup->said = SKD_SAID_SAME;
}

enum skp_err skd_kmip_rounds_confirm(struct skd_kmip_slice *slice)
{
    for (size_t i = 0; i < slice->n && !slice->is_full; i++) {
        struct skd_kmip_lookup *lookup = &slice->lookups[i];
        struct skd_kmip_known known = skd_kmip_remember_get(
            slice->remember, skd_kmip_slice_tenant(slice, lookup));
        const struct skd_kmip_question question = {
            .operation = SKD_OP_GET_ATTRIBUTES,
            .identifier = known.identifier,
            .attribute = slice->attribute,
        };

        /* Without a date another object could pass for it. */
        if (skd_material_item(slice->material, lookup->item)->has_kmip_key &&
            known.identifier.len > 0 && known.initial_s != 0) {
            skd_kmip_slice_add_question(slice, i, &question);
        }
    }
    return skd_kmip_slice_ask(slice, on_confirmed);
}

/* ---- first round trip: Locate -------------------------------------------- */

static void
on_located(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct skd_kmip_slice *slice = state;
    struct skd_kmip_lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    struct skp_view identifier = { NULL, 0 };
    struct skp_view tenant = skd_kmip_slice_tenant(slice, lookup);
    struct skp_diag diag = { "" };
    size_t n = 0;

    if (!skd_kmip_slice_is_success(slice, lookup, result)) {
        return;
    }
    if (skd_kmip_payload_locate(result->payload, &n, &identifier, &diag) !=
        SKP_ERR_OK) {
        skd_kmip_slice_say_undecodable(slice, lookup, &diag);
    } else if (n == 0) {
        skd_kmip_slice_say_absent(slice, lookup);
    } else if (n > 1) {
        (void)skp_fail(&diag, SKP_ERR_OK, "duplicate objects for tenant %.*s",
                       (int)tenant.len, (const char *)tenant.ptr);
        skd_kmip_slice_say(slice, lookup, SKD_SAID_DUPLICATE, diag.text);
    } else {
        memcpy(lookup->identifier, identifier.ptr, identifier.len);
        lookup->identifier_len = identifier.len;
        lookup->located_at = skd_kmip_client_host(slice->client);
    }
}

enum skp_err skd_kmip_rounds_locate(struct skd_kmip_slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        const struct skd_kmip_question question = {
            .operation = SKD_OP_LOCATE,
            .tenant = skd_kmip_slice_tenant(slice, &slice->lookups[i]),
            .attribute = slice->attribute,
            .maximum_items = 2, /* so that a duplicate shows */
        };

        if (slice->lookups[i].said == SKD_SAID_ASK &&
            slice->lookups[i].identifier_len == 0) {
            skd_kmip_slice_add_question(slice, i, &question);
        }
    }
    return skd_kmip_slice_ask(slice, on_located);
}

/* ---- second round trip: Get and Get Attributes --------------------------- */

static void take_state(struct skd_kmip_slice *slice,
                       struct skd_kmip_lookup *lookup,
                       enum skd_kmip_state state)
{
    if (is_served(slice, state)) {
        set_state(lookup, state);
    } else if (state >= SKD_STATE_DESTROYED) {
        skd_kmip_slice_say(slice, lookup, SKD_SAID_DESTROYED,
                           "the kms object is destroyed");
    } else {
        skd_kmip_slice_say(
            slice, lookup, SKD_SAID_UNUSABLE,
            "the kms object is Pre-Active, and require_active is set");
    }
}

static void take_attributes(struct skd_kmip_slice *slice,
                            struct skd_kmip_lookup *lookup,
                            struct skp_view payload)
{
    struct skp_diag diag = { "" };
    enum skd_kmip_state state = SKD_STATE_ACTIVE;

    if (skd_kmip_payload_state(payload, skd_kmip_slice_identifier(lookup),
                               skd_kmip_slice_tenant(slice, lookup),
                               slice->attribute, &state, &diag) != SKP_ERR_OK) {
        skd_kmip_slice_say_undecodable(slice, lookup, &diag);
    } else {
        lookup->initial_s = skd_kmip_payload_initial(payload);
        lookup->state_from = skd_kmip_client_host(slice->client);
        take_state(slice, lookup, state);
    }
}

static void
take_seed(struct skd_kmip_slice *slice, size_t index, struct skp_view payload)
{
    struct skd_kmip_lookup *lookup = &slice->lookups[index];
    struct skp_view seed = { NULL, 0 };
    struct skp_diag diag = { "" };
    uint8_t *key = skd_kmip_slice_key(slice, index);
    enum skp_err err = skd_kmip_payload_seed(
        payload, skd_kmip_slice_identifier(lookup), &seed, &diag);

    if (err == SKP_ERR_OK) {
        err = skp_key_from_seed(seed, key, &diag);
    }
    if (err == SKP_ERR_OK) {
        lookup->has_key = true;
        lookup->key_from = skd_kmip_client_host(slice->client);
    } else if (err == SKP_ERR_FAILED_PRECONDITION) {
        skd_kmip_slice_say(slice, lookup, SKD_SAID_UNUSABLE, diag.text);
    } else {
        skd_kmip_slice_say_undecodable(slice, lookup, &diag);
    }
}

static void
on_fetched(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct skd_kmip_slice *slice = state;
    struct skd_kmip_lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    struct skd_kmip_question *question = &slice->questions[index];

    /* The first bad word about a tenant stands. */
    if (lookup->said != SKD_SAID_ASK ||
        !skd_kmip_slice_is_success(slice, lookup, result)) {
        return;
    }
    if (question->operation == SKD_OP_GET) {
        take_seed(slice, slice->lookup_of[index], result->payload);
    } else {
        take_attributes(slice, lookup, result->payload);
    }
}

enum skp_err skd_kmip_rounds_get(struct skd_kmip_slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        struct skd_kmip_question question = {
            .operation = SKD_OP_GET_ATTRIBUTES,
            .identifier = skd_kmip_slice_identifier(&slice->lookups[i]),
            .attribute = slice->attribute,
        };

        if (slice->lookups[i].said != SKD_SAID_ASK ||
            question.identifier.len == 0 ||
            skd_kmip_slice_is_complete(&slice->lookups[i])) {
            continue;
        }
        skd_kmip_slice_add_question(slice, i, &question);
        question.operation = SKD_OP_GET;
        skd_kmip_slice_add_question(slice, i, &question);
    }
    return skd_kmip_slice_ask(slice, on_fetched);
}

/* ---- what is not found any more ------------------------------------------ */

/* A destroyed object may have lost its name: the identifier is enough, where
 * the date says that it is the same server's, or a replica's.  Elsewhere the
 * identifier may be another tenant's object. */
static struct skp_view name_to_expect(const struct skd_kmip_slice *slice,
                                      const struct skd_kmip_lookup *lookup,
                                      struct skp_view payload)
{
    struct skp_view tenant = skd_kmip_slice_tenant(slice, lookup);
    int64_t initial_s =
        skd_kmip_remember_get(slice->remember, tenant).initial_s;
    bool is_same =
        initial_s != 0 && skd_kmip_payload_initial(payload) == initial_s;

    return is_same ? (struct skp_view){ NULL, 0 } : tenant;
}

static void
on_remembered(void *state, size_t index, const struct skd_kmip_result *result)
{
    struct skd_kmip_slice *slice = state;
    struct skd_kmip_lookup *lookup = &slice->lookups[slice->lookup_of[index]];
    enum skd_kmip_state kmip_state = SKD_STATE_ACTIVE;
    struct skp_diag diag = { "" };

    if (!skd_kmip_slice_is_success(slice, lookup, result)) {
        return;
    }
    if (skd_kmip_payload_state(
            result->payload, slice->questions[index].identifier,
            name_to_expect(slice, lookup, result->payload), slice->attribute,
            &kmip_state, &diag) != SKP_ERR_OK) {
        skd_kmip_slice_say_undecodable(slice, lookup, &diag);
    } else if (kmip_state >= SKD_STATE_DESTROYED) {
        skd_kmip_slice_say(slice, lookup, SKD_SAID_DESTROYED,
                           "the kms object is destroyed");
    }
}

enum skp_err skd_kmip_rounds_ask_remembered(struct skd_kmip_slice *slice)
{
    for (size_t i = 0; i < slice->n; i++) {
        struct skd_kmip_lookup *lookup = &slice->lookups[i];
        const struct skd_kmip_question question = {
            .operation = SKD_OP_GET_ATTRIBUTES,
            .identifier =
                skd_kmip_remember_get(slice->remember,
                                      skd_kmip_slice_tenant(slice, lookup))
                    .identifier,
            .attribute = slice->attribute,
        };

        if (lookup->said == SKD_SAID_ABSENT && question.identifier.len > 0) {
            skd_kmip_slice_add_question(slice, i, &question);
        }
    }
    return skd_kmip_slice_ask(slice, on_remembered);
}
