/* source.c - what all sources share; see source.h. */
#include "agent/source/source.h"

void skd_source_free(struct skd_source **source)
{
    if (*source != NULL) {
        (*source)->ops->free(source);
        *source = NULL;
    }
}
