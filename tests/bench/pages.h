/* pages.h - a Coordinator's list of made-up tenants, page by page. */
#ifndef SKB_PAGES_H
#define SKB_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tests/bench/tenants.h"

struct skb_list {
    const char *name; /* its pages are NAME-0.json, NAME-1.json ... */
    size_t n_tenants;
    bool is_private;    /* all of them; else all have a seed */
    unsigned n_changes; /* of the seed of the last tenant */
};

/* The last tenant has a page of its own, so that a change costs nothing. */
size_t skb_list_pages(const struct skb_list *list);

/* Write page @nth, counted from 0. */
void skb_list_write(const struct skb_list *list, size_t nth, FILE *out);

#endif /* SKB_PAGES_H */
