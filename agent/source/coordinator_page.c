/* coordinator_page.c - from the bytes of a page to items; see
 * coordinator_page.h.
 *
 * The page is scanned as a whole and then cut: cJSON sees one entry at a time,
 * so its tree stays small however long the page is.
 */
#include "agent/source/coordinator_page.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "agent/source/page_scan.h"
#include "agent/sys/json_heap.h"
#include "protocol/key.h"

/* The entry being read, for messages. */
struct entry {
    const cJSON *id;
    const cJSON *zero_knowledge;
    const cJSON *key_seed;
    size_t number; /* index in its page, from 0 */
};

/* A member that is looked for, and where it goes. */
struct wanted {
    const char *name;
    const cJSON **ret;
};

/* Find the wanted members of @object in one walk.  The name of one that is
 * there twice, or NULL. */
static const char *
find_members(const cJSON *object, const struct wanted *wanted, size_t n_wanted)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, object)
    {
        for (size_t i = 0; i < n_wanted; i++) {
            if (strcmp(member->string, wanted[i].name) != 0) {
                continue;
            }
            if (*wanted[i].ret != NULL) {
                return wanted[i].name;
            }
            *wanted[i].ret = member;
        }
    }
    return NULL;
}

/* The id is shown only when it is one: anything else might be a seed that
 * strayed into the wrong member. */
static enum skp_err
refuse(const struct entry *entry, struct skp_diag *diag, const char *what)
{
    if (entry->id != NULL && cJSON_IsString(entry->id) &&
        skp_tenant_is_uuid(skp_view_of(entry->id->valuestring))) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tenants[%zu] (%s): %s",
                        entry->number, entry->id->valuestring, what);
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tenants[%zu]: %s",
                    entry->number, what);
}

static bool is_text_list(const cJSON *value)
{
    const cJSON *element = NULL;

    if (cJSON_IsString(value)) {
        return true;
    }
    if (!cJSON_IsArray(value)) {
        return false;
    }
    cJSON_ArrayForEach(element, value)
    {
        if (!cJSON_IsString(element)) {
            return false;
        }
    }
    return true;
}

/* An array without elements holds no seed; nor does null, which is what many
 * encoders write for a member that is not there. */
static bool is_nothing(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value) ||
           (cJSON_IsArray(value) && value->child == NULL);
}

/* What is wrong with the entry; NULL when nothing is. */
static const char *find_fault(const struct entry *entry)
{
    if (entry->id == NULL) {
        return "id is missing";
    }
    if (!cJSON_IsString(entry->id)) {
        return "id is no string";
    }
    if (!skp_tenant_is_uuid(skp_view_of(entry->id->valuestring))) {
        return "id is no UUID";
    }
    if (entry->zero_knowledge == NULL) {
        return "zero_knowledge is missing";
    }
    if (!cJSON_IsBool(entry->zero_knowledge)) {
        return "zero_knowledge is neither true nor false";
    }
    if (!is_nothing(entry->key_seed) && !is_text_list(entry->key_seed)) {
        return "key_seed is neither a string nor an array of strings";
    }
    if (cJSON_IsFalse(entry->zero_knowledge) && is_nothing(entry->key_seed)) {
        return "key_seed is missing";
    }
    return NULL;
}

/* Turn one seed into a key of item @index. */
static enum skp_err add_seed(struct skd_material *material,
                             size_t index,
                             const cJSON *seed,
                             struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, private_key, SKP_KEY_LEN);

    SKP_TRY(
        skp_key_from_seed(skp_view_of(seed->valuestring), private_key, diag));
    return skd_material_add_key(material, index, private_key);
}

/* One unusable seed, former ones included, makes the whole answer unusable:
 * half an answer could lose the key that some data needs. */
static enum skp_err
add_seeds(struct skd_material *material, size_t index, const cJSON *key_seed)
{
    const cJSON *seed = cJSON_IsArray(key_seed) ? key_seed->child : key_seed;
    size_t number = 0;

    for (; seed != NULL; seed = seed->next) {
        struct skp_diag why = { "" };
        enum skp_err err = add_seed(material, index, seed, &why);

        if (err == SKP_ERR_INVALID_ARGUMENT) {
            skd_material_drop_keys(material, index);
            skd_material_item(material, index)->said = SKD_SAID_UNUSABLE;
            skd_material_set_reason(material, index, "key_seed[%zu]: %s",
                                    number, why.text);
            return SKP_ERR_OK;
        }
        SKP_TRY(err);
        number++;
        if (!cJSON_IsArray(key_seed)) {
            break; /* the next sibling is another member */
        }
    }
    skd_material_item(material, index)->said = SKD_SAID_KEYS;
    return SKP_ERR_OK;
}

static bool holds_seed(const cJSON *key_seed)
{
    return key_seed != NULL && !is_nothing(key_seed) &&
           !(cJSON_IsString(key_seed) && key_seed->valuestring[0] == '\0');
}

static enum skp_err add_entry(struct skd_material *material,
                              const struct entry *entry,
                              struct skp_diag *diag)
{
    struct skd_item *item;
    size_t index;
    enum skp_err err;

    if (skd_material_count(material) == SKD_LIST_TENANTS_MAX) {
        return refuse(entry, diag, "more than 1000000 tenants");
    }
    err =
        skd_material_add(material, skp_view_of(entry->id->valuestring), &index);
    if (err == SKP_ERR_ALREADY_EXISTS) {
        return refuse(entry, diag, "the id is in the list already");
    }
    SKP_TRY(err);
    item = skd_material_item(material, index);
    if (cJSON_IsFalse(entry->zero_knowledge)) {
        item->is_private = false;
        item->origin = SKP_ORIGIN_COORDINATOR;
        return add_seeds(material, index, entry->key_seed);
    }
    if (holds_seed(entry->key_seed)) {
        item->list_refused = true;
        skd_material_set_reason(material, index,
                                "the list has a seed for a private tenant");
    }
    return SKP_ERR_OK;
}

static void free_tree(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

/* The scan let the text pass, so all that can be missing is memory. */
static enum skp_err
build_tree(struct skp_view text, cJSON **ret, struct skp_diag *diag)
{
    *ret = cJSON_ParseWithLengthOpts((const char *)text.ptr, text.len, NULL, 0);
    return *ret != NULL ? SKP_ERR_OK
                        : skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                                   "no locked memory for an entry");
}

static enum skp_err read_entry(struct skp_view text,
                               size_t number,
                               struct skd_material *material,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(free_tree) cJSON *tree = NULL;
    struct entry entry = { .number = number };
    const struct wanted wanted[] = {
        { "id", &entry.id },
        { "zero_knowledge", &entry.zero_knowledge },
        { "key_seed", &entry.key_seed },
    };
    const char *wrong;

    if (text.ptr[0] != '{') {
        return refuse(&entry, diag, "not an object");
    }
    SKP_TRY(build_tree(text, &tree, diag));
    wrong = find_members(tree, wanted, SKP_ARRAY_LEN(wanted));
    if (wrong != NULL) {
        char what[64];

        (void)snprintf(what, sizeof what, "%s is there twice", wrong);
        return refuse(&entry, diag, what);
    }
    wrong = find_fault(&entry);
    if (wrong != NULL) {
        return refuse(&entry, diag, wrong);
    }
    return add_entry(material, &entry, diag);
}

/* The heap gives a chunk back with its last block.  Hold one block of the
 * current chunk, or each entry would map, lock and wipe a chunk of its own. */
static void hold_heap(cJSON **anchor)
{
    cJSON *next = cJSON_CreateNull();

    free_tree(anchor);
    *anchor = next;
}

static enum skp_err read_tenants(struct skp_view tenants,
                                 struct skd_material *material,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(free_tree) cJSON *anchor = NULL;
    struct skp_view rest = tenants;
    struct skp_view element;

    if (tenants.len == 0 || tenants.ptr[0] != '[') {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tenants is %s",
                        tenants.len == 0 ? "missing" : "no array");
    }
    for (size_t number = 0; skd_page_scan_next(&rest, &element); number++) {
        hold_heap(&anchor);
        SKP_TRY(read_entry(element, number, material, diag));
    }
    return SKP_ERR_OK;
}

/* Write @prefix and the text of the JSON string @written to @ret, which takes
 * @max bytes of text beside them.  @name is for the message. */
static enum skp_err read_text(struct skp_view written,
                              const char *name,
                              const char *prefix,
                              size_t max,
                              char *ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(free_tree) cJSON *tree = NULL;
    size_t len;

    SKP_TRY(build_tree(written, &tree, diag));
    len = strlen(tree->valuestring);
    if (len == 0 || len > max) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "%s is empty or longer than %zu bytes", name, max);
    }
    (void)snprintf(ret, strlen(prefix) + len + 1, "%s%s", prefix,
                   tree->valuestring);
    return SKP_ERR_OK;
}

static bool is_integer(struct skp_view written)
{
    uint8_t first = written.ptr[0];

    return (first == '-' || (first >= '0' && first <= '9')) &&
           memchr(written.ptr, '.', written.len) == NULL &&
           memchr(written.ptr, 'e', written.len) == NULL &&
           memchr(written.ptr, 'E', written.len) == NULL;
}

static enum skp_err read_revision(struct skp_view written,
                                  struct skd_page *page,
                                  struct skp_diag *diag)
{
    if (written.len == 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "revision is missing");
    }
    if (written.ptr[0] == '"') {
        return read_text(written, "revision", "\"", SKD_PAGE_REVISION_MAX,
                         page->revision, diag);
    }
    if (!is_integer(written)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "revision is neither an integer nor a string");
    }
    skp_assert(written.len <= SKD_PAGE_REVISION_MAX); /* the scan's limit */
    memcpy(page->revision, written.ptr, written.len);
    page->revision[written.len] = '\0';
    return SKP_ERR_OK;
}

static enum skp_err
read_next(struct skp_view written, struct skd_page *page, struct skp_diag *diag)
{
    page->next[0] = '\0';
    if (written.len == 0 || skp_view_equal(written, skp_view_of("null"))) {
        return SKP_ERR_OK;
    }
    if (written.ptr[0] != '"') {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "next is no string");
    }
    return read_text(written, "next", "", SKD_PAGE_NEXT_MAX, page->next, diag);
}

/* Scan the page and cut it into @members. */
static enum skp_err cut_page(struct skp_view text,
                             struct skd_page_member *members,
                             size_t n_members,
                             struct skp_diag *diag)
{
    struct skd_page_place place;
    enum skp_err err = skd_page_scan(text, SKD_PAGE_DEPTH_MAX, members,
                                     n_members, &place, diag);

    if (err != SKP_ERR_OK && place.in_array &&
        skp_view_equal(place.member, skp_view_of("tenants"))) {
        return skp_prefix(diag, err, "tenants[%zu]", place.index);
    }
    SKP_TRY(err);
    for (size_t i = 0; i < n_members; i++) {
        if (members[i].is_twice) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s is there twice",
                            members[i].name);
        }
    }
    return SKP_ERR_OK;
}

enum skp_err skd_page_parse(struct skp_view text,
                            struct skd_material *material,
                            struct skd_page *ret,
                            struct skp_diag *diag)
{
    struct skd_page_member members[] = {
        { .name = "revision" },
        { .name = "tenants" },
        { .name = "next" },
    };
    struct skd_page page;
    enum skp_err err;

    skd_json_heap_install();
    SKP_TRY(cut_page(text, members, SKP_ARRAY_LEN(members), diag));
    SKP_TRY(read_revision(members[0].value, &page, diag));
    SKP_TRY(read_next(members[2].value, &page, diag));
    err = read_tenants(members[1].value, material, diag);
    skd_json_heap_trim();
    SKP_TRY(err);
    *ret = page;
    return SKP_ERR_OK;
}
