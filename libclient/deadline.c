/* deadline.c - absolute deadlines; see deadline.h. */
#include "libclient/deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "libclient/sidekey.h"

uint64_t skc_deadline_now_ms(void)
{
    struct timespec now;

    /* Cannot fail: the clock exists on every Linux and the address is ours. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t skc_deadline_after(uint32_t ms)
{
    return ms == SIDEKEY_NO_DEADLINE ? SKC_NEVER : skc_deadline_now_ms() + ms;
}

uint64_t skc_deadline_min(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

uint64_t skc_deadline_left(uint64_t deadline_ms)
{
    uint64_t now_ms;

    if (deadline_ms == SKC_NEVER) {
        return SKC_NEVER;
    }
    now_ms = skc_deadline_now_ms();
    return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

/* What poll(2) takes: -1 for ever. */
static int poll_timeout(uint64_t left_ms)
{
    if (left_ms == SKC_NEVER) {
        return -1;
    }
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

enum skp_err skc_deadline_wait(int fd, short events, uint64_t deadline_ms)
{
    struct pollfd ready = { .fd = fd, .events = events, .revents = 0 };

    for (;;) {
        uint64_t left_ms = skc_deadline_left(deadline_ms);
        int n = poll(&ready, 1, poll_timeout(left_ms));

        if (n > 0) {
            return SKP_ERR_OK;
        }
        if (n < 0 && errno != EINTR) {
            return SKP_ERR_INTERNAL;
        }
        if (n == 0 && skc_deadline_left(deadline_ms) == 0) {
            return SKP_ERR_DEADLINE_EXCEEDED;
        }
    }
}

void skc_deadline_sleep(uint64_t ms)
{
    struct timespec rest = { .tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) {
        /* Go on with what is left. */
    }
}
