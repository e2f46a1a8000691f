/* pages.c - see pages.h. */
#include "tests/bench/pages.h"

/* Tenants of one page, well under max_page_bytes. */
#define PAGE_TENANTS ((size_t)50000)

size_t skb_list_pages(const struct skb_list *list)
{
    return (list->n_tenants - 1 + PAGE_TENANTS - 1) / PAGE_TENANTS + 1;
}

static void
write_tenant(const struct skb_list *list, size_t nth, bool is_first, FILE *out)
{
    struct skb_tenant tenant;
    struct skb_tenant seeded;

    skb_tenant_name(nth, &tenant);
    (void)fprintf(out, "%s{\"id\":\"%s\",", is_first ? "" : ",\n", tenant.id);
    if (list->is_private) {
        (void)fprintf(out, "\"zero_knowledge\":true}");
        return;
    }
    /* Seeds of numbers that no tenant has. */
    skb_tenant_name(nth + 1 == list->n_tenants ? nth + list->n_changes : nth,
                    &seeded);
    (void)fprintf(out, "\"zero_knowledge\":false,\"key_seed\":\"%s\"}",
                  seeded.seed);
}

void skb_list_write(const struct skb_list *list, size_t nth, FILE *out)
{
    size_t last = skb_list_pages(list) - 1;
    size_t first = nth == last ? list->n_tenants - 1 : nth * PAGE_TENANTS;
    size_t end = nth == last ? list->n_tenants : first + PAGE_TENANTS;

    if (nth < last && end > list->n_tenants - 1) {
        end = list->n_tenants - 1;
    }
    (void)fprintf(out, "{\"revision\": 1, \"tenants\": [");
    for (size_t i = first; i < end; i++) {
        write_tenant(list, i, i == first, out);
    }
    (void)fprintf(out, "]");
    if (nth < last) {
        (void)fprintf(out, ", \"next\": \"%s-%zu.json\"", list->name, nth + 1);
    }
    (void)fprintf(out, "}");
}
