/* suggest.h - which known name a wrong one was probably meant to be. */
#ifndef SKD_SUGGEST_H
#define SKD_SUGGEST_H

#include "protocol/base.h"

/* How many letters must be inserted, removed, changed or swapped with their
 * neighbour to make @b of @a, upper and lower case and '-', '_' and nothing
 * being close to equal: twice the number, and one for such a small thing.
 * Only the first 64 bytes count. */
size_t skd_suggest_distance(const char *a, const char *b);

#endif /* SKD_SUGGEST_H */
