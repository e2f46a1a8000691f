/* texts.c - many short texts, kept together; see texts.h. */
#include "agent/store/texts.h"

#include <stdlib.h>
#include <string.h>

struct skd_text_block {
    struct skd_text_block *next;
    size_t len;
    size_t cap;
    char text[];
};

static struct skd_text_block *new_block(size_t cap)
{
    struct skd_text_block *block = malloc(sizeof *block + cap);

    if (block != NULL) {
        block->next = NULL;
        block->len = 0;
        block->cap = cap;
    }
    return block;
}

enum skp_err skd_texts_keep(struct skd_texts *texts,
                            const char *text,
                            size_t len,
                            const char **ret)
{
    struct skd_text_block *block = texts->newest;
    char *place;

    if (block == NULL || block->cap - block->len < len + 1) {
        block = new_block(len < texts->block_len ? texts->block_len : len + 1);
        if (block == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        block->next = texts->newest;
        texts->newest = block;
    }
    place = block->text + block->len;
    memcpy(place, text, len);
    place[len] = '\0';
    block->len += len + 1;
    *ret = place;
    return SKP_ERR_OK;
}

void skd_texts_done(struct skd_texts *texts)
{
    while (texts->newest != NULL) {
        struct skd_text_block *next = texts->newest->next;

        free(texts->newest);
        texts->newest = next;
    }
}
