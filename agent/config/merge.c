/* merge.c - lays one configuration over another; see merge.h. */
#include "agent/config/merge.h"

/* One pair of objects on the way down. */
struct level {
    cJSON *into;
    cJSON *over;
    cJSON *next; /* member of over that comes next */
};

/* Move @member of level->over into level->into; what stood there goes. */
static void move_member(const struct level *level, cJSON *member, cJSON *old)
{
    (void)cJSON_DetachItemViaPointer(level->over, member);
    if (old == NULL) {
        /* As to an array: the member has its name already. */
        (void)cJSON_AddItemToArray(level->into, member);
    } else {
        (void)cJSON_ReplaceItemViaPointer(level->into, old, member);
    }
}

static void go_down(struct level levels[SKD_JSON_DEPTH_MAX],
                    size_t *depth,
                    cJSON *into,
                    cJSON *over)
{
    skp_assert(*depth < SKD_JSON_DEPTH_MAX);
    levels[(*depth)++] = (struct level){ into, over, over->child };
}

void skd_merge(cJSON *into, cJSON **over)
{
    struct level levels[SKD_JSON_DEPTH_MAX];
    size_t depth = 0;

    go_down(levels, &depth, into, *over);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        cJSON *member = level->next;
        cJSON *old;

        if (member == NULL) {
            depth--;
            continue;
        }
        level->next = member->next;
        old = cJSON_GetObjectItemCaseSensitive(level->into, member->string);
        if (cJSON_IsObject(old) && cJSON_IsObject(member)) {
            go_down(levels, &depth, old, member);
        } else {
            move_member(level, member, old);
        }
    }
    skd_json_free(over);
}
