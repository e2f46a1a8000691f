/* redact.c - a configuration that may be shown; see redact.h. */
#include "agent/config/redact.h"

#include <string.h>

#include "agent/config/schema.h"

/* Put the word in the place of @node, a member of @object. */
static enum skp_err replace(cJSON *object, cJSON *node)
{
    cJSON *word = cJSON_CreateString(SKD_REDACTED);

    if (word == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    word->string = SKP_TAKE(node->string);
    (void)cJSON_ReplaceItemViaPointer(object, node, word);
    return SKP_ERR_OK;
}

static enum skp_err replace_members(cJSON *object)
{
    cJSON *next;

    for (cJSON *at = object->child; at != NULL; at = next) {
        next = at->next;
        SKP_TRY(replace(object, at));
    }
    return SKP_ERR_OK;
}

/* The object that has the member at @path, which is there. */
static cJSON *parent_of(cJSON *root, const char *path)
{
    char parent[SKD_JSON_PATH_CAP] = "";
    const char *dot = strrchr(path, '.');

    skp_assert(dot != NULL && (size_t)(dot - path) < sizeof parent);
    memcpy(parent, path, (size_t)(dot - path));
    return skd_json_find(root, parent, NULL);
}

static enum skp_err redact_key(cJSON *root, const struct skd_key *key)
{
    cJSON *node = skd_json_find(root, key->path, NULL);

    if (node == NULL) {
        return SKP_ERR_OK;
    }
    if (key->type == SKD_TYPE_TENANT_KEYS && cJSON_IsObject(node)) {
        return replace_members(node);
    }
    return replace(parent_of(root, key->path), node);
}

static void remove_foreign(cJSON *root)
{
    cJSON *next;

    for (cJSON *at = root->child; at != NULL; at = next) {
        next = at->next;
        if (skd_schema_find(at->string) == NULL) {
            cJSON_Delete(cJSON_DetachItemViaPointer(root, at));
        }
    }
}

enum skp_err skd_redact(cJSON *root)
{
    remove_foreign(root);
    for (size_t i = 0; i < skd_schema_len; i++) {
        enum skp_err err = skd_schema[i].is_secret
                               ? redact_key(root, &skd_schema[i])
                               : SKP_ERR_OK;

        SKP_TRY(err);
    }
    return SKP_ERR_OK;
}
