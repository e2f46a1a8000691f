/* env.c - the kernel's clocks and generator; see env.h. */
#include "agent/sys/env.h"

#include <time.h>

static uint64_t monotonic_ms(void *state)
{
    struct timespec now = { 0, 0 };

    (void)state;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint64_t monotonic_us(void *state)
{
    struct timespec now = { 0, 0 };

    (void)state;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static int64_t unix_s(void *state)
{
    struct timespec now = { 0, 0 };

    (void)state;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static int64_t unix_ms(void *state)
{
    struct timespec now = { 0, 0 };

    (void)state;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum skp_err system_fill(void *state, uint8_t *buf, size_t len)
{
    (void)state;
    return skp_random_system.fill(skp_random_system.state, buf, len);
}

const struct skd_env skd_env_system = {
    .state = NULL,
    .now_ms = monotonic_ms,
    .now_us = monotonic_us,
    .wall_s = unix_s,
    .wall_ms = unix_ms,
    .random = { NULL, system_fill },
};

uint64_t skd_env_now_ms(const struct skd_env *env)
{
    return env->now_ms(env->state);
}

uint64_t skd_env_now_us(const struct skd_env *env)
{
    return env->now_us(env->state);
}

int64_t skd_env_wall_s(const struct skd_env *env)
{
    return env->wall_s(env->state);
}

int64_t skd_env_wall_ms(const struct skd_env *env)
{
    return env->wall_ms(env->state);
}

uint64_t skd_env_pick(const struct skd_env *env, uint64_t max)
{
    uint64_t drawn = 0;

    if (env->random.fill(env->random.state, (uint8_t *)&drawn, sizeof drawn) !=
        SKP_ERR_OK) {
        return 0;
    }
    return max == UINT64_MAX ? drawn : drawn % (max + 1);
}
