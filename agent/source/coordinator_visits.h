/* coordinator_visits.h - the pages of a list that were visited, each with its
 * ETag, in their order.
 *
 * Thread:   one at a time.
 */
#ifndef SKD_COORDINATOR_VISITS_H
#define SKD_COORDINATOR_VISITS_H

#include "protocol/bytes.h"

/* Where a page was, and what its ETag was. */
struct skd_visit {
    struct skd_visit *next; /* page */
    const char *etag;       /* behind the URL; "" when it had none */
    char url[];
};

/* Open, so that it can be embedded.  Zeroed is empty. */
struct skd_visits {
    struct skd_visit *first;
    struct skd_visit *last;
    size_t n;
};

/* Free all; the visits are empty afterwards. */
void skd_visits_drop(struct skd_visits *visits);

/* Append a page; texts are copied.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_visits_add(struct skd_visits *visits, const char *url, const char *etag);

/* Number, from 1, of the page at @url; 0 when it was not visited. */
size_t skd_visits_find(const struct skd_visits *visits, const char *url);

/* True when each page had an ETag, and there is one: with one missing, a page
 * could change unseen behind the others. */
bool skd_visits_have_etags(const struct skd_visits *visits);

#endif /* SKD_COORDINATOR_VISITS_H */
