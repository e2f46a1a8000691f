/* filler.h - keeps a core busy that would be idle.
 *
 * Two cores that both work are each slower than one of them alone: they may be
 * threads of one core, and they share caches and the clock.  Where that is not
 * what is to be measured, both work in either case.
 */
#ifndef SKB_FILLER_H
#define SKB_FILLER_H

#include "tests/bench/cpu.h"

struct skb_filler;

/* Open headers of suite 2 on @core until stopped, in the time that all others
 * leave; aborts when that cannot be. */
struct skb_filler *skb_filler_start(enum skb_cores core);

/* Leaves NULL behind. */
void skb_filler_stop(struct skb_filler **filler);

#endif /* SKB_FILLER_H */
