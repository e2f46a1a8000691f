/* rules.c - the sources of one configuration; see rules.h. */
#include "agent/refresh/rules.h"

void skd_chain_free(struct skd_chain *chain)
{
    skd_source_free(&chain->list);
    for (size_t i = 0; i < SKP_ARRAY_LEN(chain->seeds); i++) {
        skd_source_free(&chain->seeds[i]);
    }
}

bool skd_chain_has_seeds(const struct skd_chain *chain)
{
    return chain->seeds[0] != NULL || chain->seeds[1] != NULL;
}
