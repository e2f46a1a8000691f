/* kmip_slice.c - tenants asked for side by side; see kmip_slice.h. */
#include "agent/source/kmip/kmip_slice.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"

enum skp_err skd_kmip_slice_new(struct skd_kmip_slice **ret)
{
    SKP_CLEANUP(skd_kmip_slice_free)
    struct skd_kmip_slice *slice = calloc(1, sizeof *slice);

    if (slice == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(skp_secret_reserve(&slice->keys,
                               (size_t)SKD_KMIP_SLICE_MAX * SKP_KEY_LEN));
    *ret = SKP_TAKE(slice);
    return SKP_ERR_OK;
}

void skd_kmip_slice_free(struct skd_kmip_slice **slice)
{
    if (*slice == NULL) {
        return;
    }
    skp_secret_done(&(*slice)->keys);
    free(*slice);
    *slice = NULL;
}

static void start_lookup(struct skd_kmip_lookup *lookup, size_t item)
{
    memset(lookup, 0, sizeof *lookup);
    lookup->item = item;
    lookup->said = SKD_SAID_ASK;
}

void skd_kmip_slice_fill(struct skd_kmip_slice *slice, size_t *next)
{
    size_t count = skd_material_count(slice->material);

    slice->n = 0;
    skp_wipe(slice->keys.bytes, slice->keys.cap);
    for (; *next < count && slice->n < SKD_KMIP_SLICE_MAX; (*next)++) {
        if (skd_material_item(slice->material, *next)->said == SKD_SAID_ASK) {
            start_lookup(&slice->lookups[slice->n++], *next);
        }
    }
}

/* ---- servers that fail in between ---------------------------------------- */

bool skd_kmip_slice_is_complete(const struct skd_kmip_lookup *lookup)
{
    return lookup->said == SKD_SAID_ASK && lookup->has_key &&
           lookup->has_state && lookup->state_from == lookup->located_at &&
           lookup->key_from == lookup->located_at;
}

size_t skd_kmip_slice_reopen_torn(struct skd_kmip_slice *slice)
{
    size_t host = skd_kmip_client_host(slice->client);
    size_t n = 0;

    for (size_t i = 0; i < slice->n; i++) {
        struct skd_kmip_lookup *lookup = &slice->lookups[i];

        if (lookup->identifier_len > 0 && lookup->located_at != host &&
            !skd_kmip_slice_is_complete(lookup)) {
            start_lookup(lookup, lookup->item);
            n++;
        }
    }
    return n;
}

/* ---- what was said ------------------------------------------------------- */

struct skp_view skd_kmip_slice_tenant(const struct skd_kmip_slice *slice,
                                      const struct skd_kmip_lookup *lookup)
{
    const struct skd_item *item =
        skd_material_item(slice->material, lookup->item);

    return (struct skp_view){ (const uint8_t *)item->tenant, item->tenant_len };
}

struct skp_view skd_kmip_slice_identifier(const struct skd_kmip_lookup *lookup)
{
    return (struct skp_view){ lookup->identifier, lookup->identifier_len };
}

void skd_kmip_slice_say(struct skd_kmip_slice *slice,
                        struct skd_kmip_lookup *lookup,
                        enum skd_said said,
                        const char *reason)
{
    lookup->said = said;
    if (reason != NULL) {
        skd_material_set_reason(slice->material, lookup->item, "%s", reason);
    }
    if (said == SKD_SAID_UNREACHED && slice->diag != NULL &&
        slice->diag->text[0] == '\0') {
        (void)skp_fail(slice->diag, SKP_ERR_OK, "%s", reason);
    }
}

void skd_kmip_slice_say_absent(struct skd_kmip_slice *slice,
                               struct skd_kmip_lookup *lookup)
{
    struct skp_diag reason;
    struct skp_view tenant = skd_kmip_slice_tenant(slice, lookup);

    (void)skp_fail(&reason, SKP_ERR_OK,
                   "key not found for private tenantID %.*s", (int)tenant.len,
                   (const char *)tenant.ptr);
    skd_kmip_slice_say(slice, lookup, SKD_SAID_ABSENT, reason.text);
}

void skd_kmip_slice_say_undecodable(struct skd_kmip_slice *slice,
                                    struct skd_kmip_lookup *lookup,
                                    struct skp_diag *diag)
{
    (void)skp_prefix(diag, SKP_ERR_OK, "error decoding kms response payload");
    skd_kmip_slice_say(slice, lookup, SKD_SAID_UNREACHED, diag->text);
}

bool skd_kmip_slice_is_success(struct skd_kmip_slice *slice,
                               struct skd_kmip_lookup *lookup,
                               const struct skd_kmip_result *result)
{
    if (result->err == SKP_ERR_OK) {
        return true;
    }
    if (result->err == SKP_ERR_FAILED_PRECONDITION &&
        result->reason == SKD_REASON_ITEM_NOT_FOUND) {
        skd_kmip_slice_say_absent(slice, lookup);
    } else {
        skd_kmip_slice_say(slice, lookup, SKD_SAID_UNREACHED, result->text);
    }
    return false;
}

uint8_t *skd_kmip_slice_key(struct skd_kmip_slice *slice, size_t index)
{
    return slice->keys.bytes + index * SKP_KEY_LEN;
}

/* ---- questions ----------------------------------------------------------- */

void skd_kmip_slice_add_question(struct skd_kmip_slice *slice,
                                 size_t lookup,
                                 const struct skd_kmip_question *question)
{
    skp_assert(slice->n_questions < SKP_ARRAY_LEN(slice->questions));
    slice->lookup_of[slice->n_questions] = lookup;
    slice->questions[slice->n_questions++] = *question;
}

enum skp_err skd_kmip_slice_ask(
    struct skd_kmip_slice *slice,
    void (*on_result)(void *, size_t, const struct skd_kmip_result *))
{
    const struct skd_kmip_listener listener = { slice, on_result };
    enum skp_err err = skd_kmip_batch_ask(slice->client, slice->questions,
                                          slice->n_questions, &listener);

    slice->n_questions = 0;
    return err;
}
