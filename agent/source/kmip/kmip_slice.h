/* kmip_slice.h - some of the tenants of a fetch, asked for side by side, and
 * what has been said about each.
 *
 * A slice bounds the memory of a fetch.  It is filled with tenants that no
 * source has answered for; kmip_rounds.h asks for them; kmip_source.h enters
 * the result into the material.
 *
 * Thread:   pool thread, never two at a time.
 * Secrets:  private keys wait in locked memory; reasons hold none.
 */
#ifndef SKD_KMIP_SLICE_H
#define SKD_KMIP_SLICE_H

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_remember.h"
#include "agent/source/material.h"

/* Tenants asked for side by side. */
#define SKD_KMIP_SLICE_MAX 512u

/* One tenant of a slice. */
struct skd_kmip_lookup {
    size_t item; /* index in the material */
    enum skd_said said;
    enum skd_key_state state;
    bool has_state;
    bool has_key;
    int64_t initial_s; /* Initial Date; 0: not told */
    /* Servers that gave the identifier, the state and the key; see
     * skd_kmip_client_host. */
    size_t located_at;
    size_t state_from;
    size_t key_from;
    size_t identifier_len; /* 0: not located */
    uint8_t identifier[SKD_KMIP_IDENTIFIER_MAX];
};

/* All pointers are borrowed. */
struct skd_kmip_slice {
    struct skd_kmip_client *client;
    struct skd_kmip_remember *remember;
    const char *attribute; /* that holds the tenant id; NULL: Name */
    bool require_active;
    bool is_full; /* nobody is asked for by a remembered identifier alone */
    struct skd_material *material;
    struct skp_diag *diag; /* the first reason of SKD_SAID_UNREACHED, or NULL */
    struct skd_kmip_lookup lookups[SKD_KMIP_SLICE_MAX];
    size_t n;
    struct skd_kmip_question questions[2 * SKD_KMIP_SLICE_MAX];
    size_t lookup_of[2 * SKD_KMIP_SLICE_MAX]; /* per question */
    size_t n_questions;
    struct skp_secret keys; /* one private key per lookup */
};

/* An empty slice.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or no locked memory for keys. */
SKP_MUST_CHECK enum skp_err skd_kmip_slice_new(struct skd_kmip_slice **ret);
void skd_kmip_slice_free(struct skd_kmip_slice **slice);

/* Replace the contents by items of the material that are still to be asked
 * for, from number *next on, and move *next behind them. */
void skd_kmip_slice_fill(struct skd_kmip_slice *slice, size_t *next);

/* The tenant of @lookup, and the identifier that Locate gave for it. */
struct skp_view skd_kmip_slice_tenant(const struct skd_kmip_slice *slice,
                                      const struct skd_kmip_lookup *lookup);
struct skp_view skd_kmip_slice_identifier(const struct skd_kmip_lookup *lookup);

/* True when the tenant's identifier, state and key are there, all from one
 * server. */
bool skd_kmip_slice_is_complete(const struct skd_kmip_lookup *lookup);

/* Begin anew with the tenants that were located at another server than the one
 * that was asked last, and are not complete: a server has failed in between.
 * Returns how many. */
size_t skd_kmip_slice_reopen_torn(struct skd_kmip_slice *slice);

/* Where the private key of the lookup numbered @index is to be written. */
uint8_t *skd_kmip_slice_key(struct skd_kmip_slice *slice, size_t index);

/* An answer for the tenant; whatever was said about its key before is void.
 * @reason  copied; NULL leaves the one that stands. */
void skd_kmip_slice_say(struct skd_kmip_slice *slice,
                        struct skd_kmip_lookup *lookup,
                        enum skd_said said,
                        const char *reason);

/* Say that the tenant has no object, or that its answer cannot be believed,
 * for the reason in @diag. */
void skd_kmip_slice_say_absent(struct skd_kmip_slice *slice,
                               struct skd_kmip_lookup *lookup);
void skd_kmip_slice_say_undecodable(struct skd_kmip_slice *slice,
                                    struct skd_kmip_lookup *lookup,
                                    struct skp_diag *diag);

/* True when @result is a success; says what it is otherwise. */
bool skd_kmip_slice_is_success(struct skd_kmip_slice *slice,
                               struct skd_kmip_lookup *lookup,
                               const struct skd_kmip_result *result);

/* Add a question about the lookup numbered @lookup; two each fit. */
void skd_kmip_slice_add_question(struct skd_kmip_slice *slice,
                                 size_t lookup,
                                 const struct skd_kmip_question *question);

/* Ask what has been added; @on_result is called with the slice and the number
 * of the question.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; results may be missing. */
SKP_MUST_CHECK enum skp_err skd_kmip_slice_ask(
    struct skd_kmip_slice *slice,
    void (*on_result)(void *, size_t, const struct skd_kmip_result *));

#endif /* SKD_KMIP_SLICE_H */
