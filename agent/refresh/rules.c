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

static void settle(struct skd_source *source, bool accepted)
{
    if (source != NULL && source->ops->settle != NULL) {
        source->ops->settle(source, accepted);
    }
}

void skd_chain_settle(struct skd_chain *chain,
                      bool list_accepted,
                      bool accepted)
{
    settle(chain->list, list_accepted);
    for (size_t i = 0; i < SKP_ARRAY_LEN(chain->seeds); i++) {
        settle(chain->seeds[i], accepted);
    }
}
