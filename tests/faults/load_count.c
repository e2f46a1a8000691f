/* load_count.c - counts answers and latencies, and prints them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/faults/load.h"

#define STEPS 32u

/* ---- latencies ----------------------------------------------------------- */

static size_t find_bucket(uint64_t ns)
{
    unsigned power;

    if (ns < STEPS) {
        return (size_t)ns;
    }
    power = 63u - (unsigned)__builtin_clzll(ns);
    return (size_t)(power - 4) * STEPS + (size_t)(ns >> (power - 5)) - STEPS;
}

/* The least latency of the bucket. */
static double bucket_us(size_t bucket)
{
    size_t power = bucket / STEPS + 4;

    if (bucket < STEPS) {
        return (double)bucket / 1000.0;
    }
    return (double)(bucket % STEPS + STEPS) *
           (double)(UINT64_C(1) << (power - 5)) / 1000.0;
}

static double find_quantile(const struct skl_group *group, double quantile)
{
    double wanted = quantile * (double)group->n_right;
    uint64_t seen = 0;

    for (size_t i = 0; i < SKL_BUCKETS; i++) {
        seen += group->buckets[i];
        if (group->buckets[i] > 0 && (double)seen >= wanted) {
            return bucket_us(i);
        }
    }
    return 0.0;
}

void skl_count_right(struct skl_group *group, uint64_t took_ns)
{
    group->n_right++;
    group->buckets[find_bucket(took_ns)]++;
    if (took_ns > group->max_ns) {
        group->max_ns = took_ns;
    }
}

/* ---- errors -------------------------------------------------------------- */

void skl_count_error(struct skl_group *group, const uint8_t *answer, size_t len)
{
    size_t head = (answer[0] & 0xe0u) == 0xa0u ? 1 : answer[0] == 0xd9 ? 2 : 3;
    const uint8_t *text = answer + head;
    const uint8_t *colon = len > head ? memchr(text, ':', len - head) : NULL;
    int code_len = colon == NULL ? 0 : (int)(colon - text);
    char code[sizeof group->errors[0].code];

    /* No typed error: a wrong answer. */
    if (code_len == 0 || code_len >= (int)sizeof code) {
        group->n_wrong++;
        return;
    }
    (void)snprintf(code, sizeof code, "%.*s", code_len, (const char *)text);
    for (size_t i = 0; i < SKL_CODES; i++) {
        if (group->errors[i].n == 0) {
            memcpy(group->errors[i].code, code, sizeof code);
        }
        if (strcmp(group->errors[i].code, code) == 0) {
            group->errors[i].n++;
            return;
        }
    }
    group->n_wrong++;
}

/* ---- printing ------------------------------------------------------------ */

static void print_group(const struct skl_group *group)
{
    (void)printf("{\"right\": %" PRIu64 ", \"wrong\": %" PRIu64
                 ", \"lost\": %" PRIu64 ", \"p50_us\": %.1f, \"p99_us\": %.1f"
                 ", \"max_us\": %.1f, \"errors\": {",
                 group->n_right, group->n_wrong, group->n_lost,
                 find_quantile(group, 0.5), find_quantile(group, 0.99),
                 (double)group->max_ns / 1000.0);
    for (size_t i = 0; i < SKL_CODES && group->errors[i].n > 0; i++) {
        (void)printf("%s\"%s\": %" PRIu64, i == 0 ? "" : ", ",
                     group->errors[i].code, group->errors[i].n);
    }
    (void)printf("}}");
}

void skl_print_window(const struct skl_window *window)
{
    (void)printf("{\"seconds\": %.3f, \"closed\": %" PRIu64
                 ", \"strange\": %" PRIu64 ", \"groups\": [",
                 window->seconds, window->n_closed, window->n_strange);
    for (size_t i = 0; i < SKL_GROUPS; i++) {
        (void)printf("%s", i == 0 ? "" : ", ");
        print_group(&window->groups[i]);
    }
    (void)printf("]}\n");
    (void)fflush(stdout);
}
