/* repeats.c - counts messages that come again and again; see repeats.h. */
#include "agent/sys/repeats.h"

#include <stdio.h>
#include <string.h>

static struct skd_repeat *
find_message(struct skd_repeats *repeats, int level, const char *text)
{
    for (size_t i = 0; i < SKD_REPEATS_MESSAGES; i++) {
        struct skd_repeat *at = &repeats->list[i];

        if (at->n > 0 && at->level == level && strcmp(at->text, text) == 0) {
            return at;
        }
    }
    return NULL;
}

/* A place that is free or, else, the oldest of those that owe no line. */
static struct skd_repeat *find_place(struct skd_repeats *repeats)
{
    struct skd_repeat *best = NULL;

    for (size_t i = 0; i < SKD_REPEATS_MESSAGES; i++) {
        struct skd_repeat *at = &repeats->list[i];

        if (at->n == 0) {
            return at;
        }
        if (at->n_silent == 0 &&
            (best == NULL || at->since_ms < best->since_ms)) {
            best = at;
        }
    }
    return best;
}

static bool is_over(const struct skd_repeat *repeat, uint64_t now_ms)
{
    return now_ms - repeat->since_ms >= SKD_REPEATS_WINDOW_MS;
}

bool skd_repeats_admit(struct skd_repeats *repeats,
                       int level,
                       const char *text,
                       uint64_t now_ms)
{
    struct skd_repeat *at = find_message(repeats, level, text);

    if (at == NULL || is_over(at, now_ms)) {
        at = at == NULL ? find_place(repeats) : at;
        if (at != NULL) {
            at->level = level;
            at->since_ms = now_ms;
            at->n = 1;
            at->n_silent = 0;
            (void)snprintf(at->text, sizeof at->text, "%s", text);
        }
        return true;
    }
    at->n++;
    if (at->n <= SKD_REPEATS_FIRST) {
        return true;
    }
    at->n_silent++;
    return false;
}

bool skd_repeats_take(struct skd_repeats *repeats,
                      uint64_t now_ms,
                      bool all,
                      struct skd_repeat *ret)
{
    for (size_t i = 0; i < SKD_REPEATS_MESSAGES; i++) {
        struct skd_repeat *at = &repeats->list[i];

        if (at->n_silent > 0 && (all || is_over(at, now_ms))) {
            *ret = *at;
            at->n = 0;
            at->n_silent = 0;
            return true;
        }
    }
    return false;
}
