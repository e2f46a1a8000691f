/* denials.c - how many lines denials may take; see denials.h. */
#include "agent/serve/denials.h"

bool skd_denials_is_over(const struct skd_denials *denials, uint64_t now_ms)
{
    return now_ms >= denials->since_ms + SKD_DENIALS_WINDOW_MS;
}

bool skd_denials_add(struct skd_denials *denials, uint64_t now_ms)
{
    if (skd_denials_is_over(denials, now_ms)) {
        denials->since_ms = now_ms;
        denials->n_told = 0;
    }
    if (denials->n_told < SKD_DENIALS_TOLD_MAX) {
        denials->n_told++;
        return true;
    }
    denials->n_counted++;
    return false;
}

uint64_t
skd_denials_take(struct skd_denials *denials, uint64_t now_ms, bool is_last)
{
    uint64_t n = denials->n_counted;

    if (!is_last && !skd_denials_is_over(denials, now_ms)) {
        return 0;
    }
    denials->n_counted = 0;
    return n;
}
