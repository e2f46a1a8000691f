/* trace.c - chance, the trace, and failing; see sim.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/sim/sim.h"

struct sim *sim_now;

/* splitmix64: every seed is a walk of its own. */
static uint64_t draw(struct sim *sim)
{
    uint64_t value = sim->random += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

uint64_t sim_trace_pick(struct sim *sim, uint64_t n)
{
    return draw(sim) % n;
}

bool sim_trace_once_in(struct sim *sim, uint64_t n)
{
    return sim_trace_pick(sim, n) == 0;
}

SKP_PRINTF(2, 0)
static void print(const struct sim *sim, const char *format, va_list args)
{
    (void)fprintf(stderr, "%4u %9.3f s  %*s", sim->n_steps,
                  (double)sim->clock.now_ms / 1000, (int)sim->depth * 4, "");
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

void sim_trace_say(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (sim->is_traced) {
        va_start(args, format);
        print(sim, format, args);
        va_end(args);
    }
}

void sim_trace_fail(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (sim->is_traced) {
        va_start(args, format);
        (void)fputs("FAILED: ", stderr);
        print(sim, format, args);
        va_end(args);
    }
    _exit(EXIT_FAILURE);
}
