/* clock_fake.c - time that a test moves; see clock_fake.h. */
#include "tests/lib/clock_fake.h"

#include <string.h>

static uint64_t fake_now_ms(void *state)
{
    struct skt_clock *clock = state;

    return atomic_load(&clock->now_ms);
}

static uint64_t fake_now_us(void *state)
{
    return 1000 * fake_now_ms(state);
}

static int64_t fake_wall_s(void *state)
{
    struct skt_clock *clock = state;

    return atomic_load(&clock->wall_s);
}

static int64_t fake_wall_ms(void *state)
{
    return 1000 * fake_wall_s(state);
}

/* A linear walk with a mixing step: repeatable, not unpredictable. */
static uint64_t draw(struct skt_clock *clock)
{
    uint64_t value;

    if (clock->is_scripted) {
        return clock->drawn;
    }
    value = atomic_fetch_add(&clock->sequence, 0x9e3779b97f4a7c15u);
    value = (value ^ value >> 31) * 0xbf58476d1ce4e5b9u;
    return value ^ value >> 29;
}

static enum skp_err fake_fill(void *state, uint8_t *buf, size_t len)
{
    for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
        uint64_t value = draw(state);
        size_t rest = len - at;

        memcpy(buf + at, &value, rest < sizeof value ? rest : sizeof value);
    }
    return SKP_ERR_OK;
}

void skt_clock_init(struct skt_clock *clock, uint64_t now_ms, uint64_t seed)
{
    memset(clock, 0, sizeof *clock);
    atomic_store(&clock->now_ms, now_ms);
    atomic_store(&clock->wall_s, 1000000);
    atomic_store(&clock->sequence, seed);
    clock->env = (struct skd_env){
        .state = clock,
        .now_ms = fake_now_ms,
        .now_us = fake_now_us,
        .wall_s = fake_wall_s,
        .wall_ms = fake_wall_ms,
        .random = { clock, fake_fill },
    };
}

void skt_clock_script(struct skt_clock *clock, uint64_t drawn)
{
    clock->is_scripted = true;
    clock->drawn = drawn;
}

void skt_clock_pass(struct skt_clock *clock, uint64_t ms)
{
    uint64_t before = atomic_fetch_add(&clock->now_ms, ms);

    (void)atomic_fetch_add(&clock->wall_s,
                           (int64_t)((before + ms) / 1000 - before / 1000));
}
