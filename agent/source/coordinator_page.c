/* coordinator_page.c - from the bytes of a page to items; see
 * coordinator_page.h.
 *
 * The page is scanned as a whole and then cut, first into entries, then each
 * into its members, which are read where they lie.  Only strings with escapes
 * are copied: cJSON decodes them.
 */
#include "agent/source/coordinator_page.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "agent/config/json_scan.h"
#include "agent/config/json_walk.h"
#include "agent/sys/json_heap.h"
#include "protocol/key.h"

/* ---- strings ------------------------------------------------------------- */

/* A string without its quotation marks and escapes; zeroed is none. */
struct text {
    struct skp_view view; /* of the page, or of the tree */
    cJSON *tree;          /* when there were escapes */
};

static void free_tree(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

static void done_text(struct text *text)
{
    free_tree(&text->tree);
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

static bool is_string(struct skp_view written)
{
    return written.len > 0 && written.ptr[0] == '"';
}

/* Decode the string @written; *ret, which is none, is to be done. */
static enum skp_err
decode(struct skp_view written, struct text *ret, struct skp_diag *diag)
{
    struct skp_view inside = { written.ptr + 1, written.len - 2 };

    if (memchr(inside.ptr, '\\', inside.len) != NULL) {
        SKP_TRY(build_tree(written, &ret->tree, diag));
        inside = skp_view_of(ret->tree->valuestring);
    }
    ret->view = inside;
    return SKP_ERR_OK;
}

/* ---- entries ------------------------------------------------------------- */

/* The entry being read.  Members are as they are written; empty: not there. */
struct entry {
    size_t number; /* index in its page, from 0 */
    struct skp_view id;
    struct skp_view zero_knowledge;
    struct skp_view key_seed;
    struct text id_text; /* of an id that is a string */
};

static void done_entry(struct entry *entry)
{
    done_text(&entry->id_text);
}

/* The id is shown only when it is one: anything else might be a seed that
 * strayed into the wrong member. */
static enum skp_err
refuse(const struct entry *entry, struct skp_diag *diag, const char *what)
{
    struct skp_view id = entry->id_text.view;

    if (skp_tenant_is_uuid(id)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "tenants[%zu] (%.*s): %s", entry->number, (int)id.len,
                        (const char *)id.ptr, what);
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tenants[%zu]: %s",
                    entry->number, what);
}

static bool is_word(struct skp_view written, const char *word)
{
    return skp_view_equal(written, skp_view_of(word));
}

static bool is_text_list(struct skp_view written)
{
    struct skp_view element;

    if (written.ptr[0] != '[') {
        return is_string(written);
    }
    while (skd_json_walk_array(&written, &element)) {
        if (!is_string(element)) {
            return false;
        }
    }
    return true;
}

/* An array without elements holds no seed; nor does null, which is what many
 * encoders write for a member that is not there. */
static bool is_nothing(struct skp_view written)
{
    struct skp_view element;

    return written.len == 0 || is_word(written, "null") ||
           (written.ptr[0] == '[' && !skd_json_walk_array(&written, &element));
}

/* What is wrong with the entry; NULL when nothing is. */
static const char *find_fault(const struct entry *entry)
{
    if (entry->id.len == 0) {
        return "id is missing";
    }
    if (!is_string(entry->id)) {
        return "id is no string";
    }
    if (!skp_tenant_is_uuid(entry->id_text.view)) {
        return "id is no UUID";
    }
    if (entry->zero_knowledge.len == 0) {
        return "zero_knowledge is missing";
    }
    if (!is_word(entry->zero_knowledge, "true") &&
        !is_word(entry->zero_knowledge, "false")) {
        return "zero_knowledge is neither true nor false";
    }
    if (!is_nothing(entry->key_seed) && !is_text_list(entry->key_seed)) {
        return "key_seed is neither a string nor an array of strings";
    }
    if (is_word(entry->zero_knowledge, "false") &&
        is_nothing(entry->key_seed)) {
        return "key_seed is missing";
    }
    return NULL;
}

/* Turn one seed into a key of item @index. */
static enum skp_err add_seed(struct skd_material *material,
                             size_t index,
                             struct skp_view written,
                             struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, private_key, SKP_KEY_LEN);
    SKP_CLEANUP(done_text) struct text seed = { .tree = NULL };

    SKP_TRY(decode(written, &seed, diag));
    SKP_TRY(skp_key_from_seed(seed.view, private_key, diag));
    return skd_material_add_key(material, index, private_key);
}

/* Seed @number of item @index.  One that is unusable, former ones included,
 * makes the whole answer unusable: half an answer could lose the key that some
 * data needs. */
static enum skp_err take_seed(struct skd_material *material,
                              size_t index,
                              size_t number,
                              struct skp_view written)
{
    struct skp_diag why = { "" };
    enum skp_err err = add_seed(material, index, written, &why);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        skd_material_drop_keys(material, index);
        skd_material_item(material, index)->said = SKD_SAID_UNUSABLE;
        skd_material_set_reason(material, index, "key_seed[%zu]: %s", number,
                                why.text);
        return SKP_ERR_OK;
    }
    return err;
}

static enum skp_err
add_seeds(struct skd_material *material, size_t index, struct skp_view key_seed)
{
    struct skd_item *item = skd_material_item(material, index);
    struct skp_view seed;

    item->said = SKD_SAID_KEYS;
    if (is_string(key_seed)) {
        return take_seed(material, index, 0, key_seed);
    }
    for (size_t number = 0;
         item->said == SKD_SAID_KEYS && skd_json_walk_array(&key_seed, &seed);
         number++) {
        SKP_TRY(take_seed(material, index, number, seed));
    }
    return SKP_ERR_OK;
}

/* Is there more than nothing, or an empty string? */
static bool holds_seed(struct skp_view key_seed)
{
    return !is_nothing(key_seed) && !is_word(key_seed, "\"\"");
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
    err = skd_material_add(material, entry->id_text.view, &index);
    if (err == SKP_ERR_ALREADY_EXISTS) {
        return refuse(entry, diag, "the id is in the list already");
    }
    SKP_TRY(err);
    item = skd_material_item(material, index);
    if (is_word(entry->zero_knowledge, "false")) {
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

/* Note the member of that name, when it is one that is looked for. */
static enum skp_err note_member(struct entry *entry,
                                struct skp_view name,
                                struct skp_view value,
                                struct skp_diag *diag)
{
    const struct {
        const char *name;
        struct skp_view *ret;
    } wanted[] = {
        { "id", &entry->id },
        { "zero_knowledge", &entry->zero_knowledge },
        { "key_seed", &entry->key_seed },
    };
    SKP_CLEANUP(done_text) struct text text = { .tree = NULL };
    char what[64];

    SKP_TRY(decode(name, &text, diag));
    for (size_t i = 0; i < SKP_ARRAY_LEN(wanted); i++) {
        if (!is_word(text.view, wanted[i].name)) {
            continue;
        }
        if (wanted[i].ret->len > 0) {
            (void)snprintf(what, sizeof what, "%s is there twice",
                           wanted[i].name);
            return refuse(entry, diag, what);
        }
        *wanted[i].ret = value;
        return i == 0 && is_string(value) ? decode(value, &entry->id_text, diag)
                                          : SKP_ERR_OK;
    }
    return SKP_ERR_OK;
}

static enum skp_err read_entry(struct skp_view text,
                               size_t number,
                               struct skd_material *material,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(done_entry) struct entry entry = { .number = number };
    struct skp_view name;
    struct skp_view value;
    const char *wrong;

    if (text.ptr[0] != '{') {
        return refuse(&entry, diag, "not an object");
    }
    while (skd_json_walk_object(&text, &name, &value)) {
        SKP_TRY(note_member(&entry, name, value, diag));
    }
    wrong = find_fault(&entry);
    if (wrong != NULL) {
        return refuse(&entry, diag, wrong);
    }
    return add_entry(material, &entry, diag);
}

/* ---- the page ------------------------------------------------------------ */

static enum skp_err read_tenants(struct skp_view tenants,
                                 struct skd_material *material,
                                 struct skp_diag *diag)
{
    struct skp_view rest = tenants;
    struct skp_view element;

    if (tenants.len == 0 || tenants.ptr[0] != '[') {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tenants is %s",
                        tenants.len == 0 ? "missing" : "no array");
    }
    for (size_t number = 0; skd_json_walk_array(&rest, &element); number++) {
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
    SKP_CLEANUP(done_text) struct text text = { .tree = NULL };

    SKP_TRY(decode(written, &text, diag));
    if (text.view.len == 0 || text.view.len > max) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "%s is empty or longer than %zu bytes", name, max);
    }
    (void)snprintf(ret, strlen(prefix) + text.view.len + 1, "%s%.*s", prefix,
                   (int)text.view.len, (const char *)text.view.ptr);
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
                             struct skd_json_member *members,
                             size_t n_members,
                             struct skp_diag *diag)
{
    const struct skd_json_watch watch = { .depth_max = SKD_PAGE_DEPTH_MAX,
                                          .members = members,
                                          .n_members = n_members };
    struct skd_json_place place;

    if (skd_json_scan(text, &watch, &place) != SKP_ERR_OK) {
        enum skp_err err = skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                                    "%s at byte %zu", place.what, place.byte);

        return place.in_array &&
                       skp_view_equal(place.member, skp_view_of("tenants"))
                   ? skp_prefix(diag, err, "tenants[%zu]", place.index)
                   : err;
    }
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
    struct skd_json_member members[] = {
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
