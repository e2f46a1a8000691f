/* lister.h - a Coordinator on loopback that has its pages ready, and knows
 * ETags: a thread of this process, which costs its client next to nothing. */
#ifndef SKB_LISTER_H
#define SKB_LISTER_H

#include <stdint.h>

#include "tests/bench/pages.h"

struct skb_lister; /* opaque */

/* Start serving @list, which is copied; its name is borrowed.  Aborts when
 * that fails. */
struct skb_lister *skb_lister_start(const struct skb_list *list);

/* Where page 0 is. */
const char *skb_lister_url(const struct skb_lister *lister);

/* Give the last tenant another seed: once more n_changes. */
void skb_lister_change(struct skb_lister *lister);

/* Pages of the list. */
unsigned skb_lister_pages(const struct skb_lister *lister);

/* Pages that were answered with 304 so far. */
unsigned skb_lister_unchanged(const struct skb_lister *lister);

/* End; its client must have ended before.  Accepts NULL and leaves NULL. */
void skb_lister_stop(struct skb_lister **lister);

#endif /* SKB_LISTER_H */
