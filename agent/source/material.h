/* material.h - what the sources said in one refresh: the table they all fill.
 *
 * The list source adds the tenants; the seed sources then answer for those that
 * are still open (SKD_SAID_ASK).  A seed becomes its private key at the moment
 * it is read (key.h): a material holds private keys, never seeds.
 *
 * Thread:   one at a time; moved from the refresh job to build.
 * Secrets:  private keys in locked memory, wiped when freed.
 */
#ifndef SKD_MATERIAL_H
#define SKD_MATERIAL_H

#include "protocol/rpc.h"

/* What a source said about one tenant; the builder decides what follows. */
enum skd_said {
    SKD_SAID_ASK,       /* private, nobody has answered yet */
    SKD_SAID_KEYS,      /* here are its keys, and their state */
    SKD_SAID_SAME,      /* as at the last refresh (304; a KMIP object that is
                         * still the one whose key is held) */
    SKD_SAID_UNUSABLE,  /* a seed that no key can be made of */
    SKD_SAID_UNREACHED, /* no answer, late, or a bad one */
    SKD_SAID_ABSENT,    /* the KMS was reached and has no such object */
    SKD_SAID_DUPLICATE, /* two or more objects with that Name */
    SKD_SAID_DESTROYED, /* the KMS said so in a word */
};

/* KMIP State, as far as a served key can have it; sources without states say
 * ACTIVE. */
enum skd_key_state {
    SKD_KEY_ACTIVE,
    SKD_KEY_PRE_ACTIVE,
    SKD_KEY_DEACTIVATED,
    SKD_KEY_COMPROMISED,
};

struct skd_item {
    const char *tenant; /* NUL-terminated; the material's */
    size_t tenant_len;
    enum skd_said said;
    enum skd_key_state state;
    enum skp_origin origin;
    bool is_private;   /* zero_knowledge */
    bool list_refused; /* private, but the list had a seed: logged, ignored */
    bool tells_state;  /* SKD_SAID_SAME, but @state is news */
    /* Set for the seed sources: the snapshot in use holds a key of this tenant
     * that came from KMIP, and the last refresh confirmed it. */
    bool has_kmip_key;
    size_t first_key; /* index for skd_material_key; first is current */
    size_t n_keys;
    const char
        *reason; /* why not, for log and status; the material's; or NULL */
};

struct skd_material; /* opaque */

/* Make an empty table.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory.
 *   SKP_ERR_INTERNAL            the kernel gave no random bytes. */
SKP_MUST_CHECK enum skp_err skd_material_new(struct skd_material **ret);

/* Wipe and free; accepts NULL and leaves NULL behind. */
void skd_material_free(struct skd_material **material);

/* Add a tenant, open (SKD_SAID_ASK, SKP_ORIGIN_KMIP, private).  *ret is its
 * index.
 *   SKP_ERR_ALREADY_EXISTS      the tenant is there; *ret is its index.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_material_add(struct skd_material *material,
                                             struct skp_view tenant,
                                             size_t *ret);

/* Append a private key to item @index.  All keys of one item must be appended
 * before the next item's: their numbers are in a row. */
SKP_MUST_CHECK enum skp_err
skd_material_add_key(struct skd_material *material,
                     size_t index,
                     const uint8_t private_key[SKP_KEY_LEN]);

/* Forget the keys of item @index (the last ones appended) and wipe them: half
 * an answer is no answer. */
void skd_material_drop_keys(struct skd_material *material, size_t index);

/* Set the reason of item @index; at most 200 bytes are kept. */
SKP_PRINTF(3, 4)
void skd_material_set_reason(struct skd_material *material,
                             size_t index,
                             const char *format,
                             ...);

/* Tenants in the table. */
size_t skd_material_count(const struct skd_material *material);

/* Item @index, borrowed until the next add; its fields said, state, origin,
 * is_private, list_refused and tells_state are for sources to set. */
struct skd_item *skd_material_item(struct skd_material *material, size_t index);

/* Index of @tenant, or SIZE_MAX. */
size_t skd_material_find(const struct skd_material *material,
                         struct skp_view tenant);

/* Private key @index (item->first_key + i).  It does not move: borrowed until
 * it is dropped, or the material is freed. */
const uint8_t *skd_material_key(const struct skd_material *material,
                                size_t index);
size_t skd_material_n_keys(const struct skd_material *material);

/* The whole list is as it was at the last refresh: no tenant was added, and
 * the refresher takes them over from the snapshot. */
void skd_material_set_unchanged(struct skd_material *material);
bool skd_material_is_unchanged(const struct skd_material *material);

#endif /* SKD_MATERIAL_H */
