/* mutate.h - every small damage to a message, in a fixed order.
 *
 * A decoder's suite takes a good message and demands that no damaged copy does
 * harm: each bit inverted, each byte set to 0x00, 0x7f, 0x80 and 0xff, each cut
 * at the end and at the front, one byte more at the end.  A copy lies in memory
 * of exactly its length, so that AddressSanitizer sees a read past it.
 */
#ifndef SKT_MUTATE_H
#define SKT_MUTATE_H

#include "protocol/bytes.h"

/* What a check is told about the copy. */
struct skt_mutant {
    struct skp_view bytes; /* never equal to the good message */
    const char *kind;      /* "bit", "byte", "cut end", "cut front", "longer" */
    size_t at;             /* the bit or byte changed, or bytes left over */
};

/* Call @check for every damaged copy of @good; it asserts what it demands. */
void skt_mutate(struct skp_view good,
                void (*check)(void *state, const struct skt_mutant *mutant),
                void *state);

#endif /* SKT_MUTATE_H */
