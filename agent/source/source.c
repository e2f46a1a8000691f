/* source.c - what all sources share; see source.h. */
#include "agent/source/source.h"

enum skp_err skd_fetch_more(const struct skd_fetch *fetch)
{
    return fetch->on_more == NULL ? SKP_ERR_OK : fetch->on_more(fetch->state);
}

void skd_source_free(struct skd_source **source)
{
    if (*source != NULL) {
        (*source)->ops->free(source);
        *source = NULL;
    }
}
