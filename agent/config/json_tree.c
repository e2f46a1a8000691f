/* json_tree.c - a cJSON tree whose nodes know their place; see json_tree.h. */
#include "agent/config/json_tree.h"

#include <stdio.h>
#include <string.h>

#include "agent/sys/json_heap.h"

/* Enough for a file of the largest size that is read (json_file.c). */
#define LINE_MAX_KEPT (UINT32_C(1) << 29)

cJSON *skd_json_walk_next(struct skd_json_walk *walk, cJSON *root)
{
    if (walk->node == NULL) {
        walk->node = root;
        return root;
    }
    if (walk->node->child != NULL) {
        skp_assert(walk->depth < SKD_JSON_DEPTH_MAX);
        walk->above[walk->depth++] = walk->node;
        walk->node = walk->node->child;
        return walk->node;
    }
    while (walk->depth > 0 && walk->node->next == NULL) {
        walk->node = walk->above[--walk->depth];
    }
    walk->node = walk->depth == 0 ? NULL : walk->node->next;
    return walk->node;
}

static size_t index_in(const cJSON *array, const cJSON *element)
{
    size_t index = 0;

    for (const cJSON *at = array->child; at != element; at = at->next) {
        index++;
    }
    return index;
}

void skd_json_walk_path(const struct skd_json_walk *walk,
                        char ret[SKD_JSON_PATH_CAP])
{
    size_t len = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < walk->depth && len < SKD_JSON_PATH_CAP; i++) {
        const cJSON *above = walk->above[i];
        const cJSON *node =
            i + 1 < walk->depth ? walk->above[i + 1] : walk->node;
        int added;

        if (cJSON_IsArray(above)) {
            added = snprintf(ret + len, SKD_JSON_PATH_CAP - len, "[%zu]",
                             index_in(above, node));
        } else {
            added = snprintf(ret + len, SKD_JSON_PATH_CAP - len, "%s%s",
                             len == 0 ? "" : ".", node->string);
        }
        len += added < 0 ? 0 : (size_t)added;
    }
}

void skd_json_tree_mark(cJSON *root,
                        const struct skd_json_lines *lines,
                        unsigned file_index)
{
    struct skd_json_walk walk = { .node = NULL };
    size_t i = 0;

    for (cJSON *node = skd_json_walk_next(&walk, root); node != NULL;
         node = skd_json_walk_next(&walk, root)) {
        uint32_t line;

        skp_assert(i < lines->n);
        line = lines->lines[i++];
        line = line < LINE_MAX_KEPT ? line : LINE_MAX_KEPT;
        node->valueint = (int)(line << 1 | file_index);
    }
    skp_assert(i == lines->n);
}

void skd_json_tree_unmark(cJSON *root)
{
    struct skd_json_walk walk = { .node = NULL };

    for (cJSON *node = skd_json_walk_next(&walk, root); node != NULL;
         node = skd_json_walk_next(&walk, root)) {
        node->valueint = 0;
        if (cJSON_IsNumber(node)) {
            (void)cJSON_SetNumberHelper(node, node->valuedouble);
        }
    }
}

unsigned skd_json_line(const cJSON *node)
{
    return (unsigned)node->valueint >> 1;
}

unsigned skd_json_file_index(const cJSON *node)
{
    return (unsigned)node->valueint & 1;
}

/* The member whose name is the @len bytes at @name. */
static cJSON *member_of(const cJSON *object, const char *name, size_t len)
{
    cJSON *member = cJSON_IsObject(object) ? object->child : NULL;

    while (member != NULL && (strlen(member->string) != len ||
                              strncmp(member->string, name, len) != 0)) {
        member = member->next;
    }
    return member;
}

cJSON *skd_json_find(cJSON *root, const char *path, cJSON **ret_deepest)
{
    cJSON *node = root;

    for (;;) {
        size_t len = strcspn(path, ".");
        cJSON *member = member_of(node, path, len);

        if (ret_deepest != NULL) {
            *ret_deepest = member == NULL ? node : member;
        }
        if (member == NULL || path[len] == '\0') {
            return member;
        }
        node = member;
        path += len + 1;
    }
}

void skd_json_free(cJSON **root)
{
    cJSON_Delete(*root);
    skd_json_heap_trim();
    *root = NULL;
}
