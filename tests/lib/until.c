/* until.c - awaits another process; see until.h. */
#include "tests/lib/until.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sys/env.h"
#include "tests/lib/daemon.h"

#define ASK_EVERY_MS 20

bool skt_until(bool (*is_true)(void *state), void *state, unsigned timeout_ms)
{
    uint64_t deadline_ms = skd_env_now_ms(&skd_env_system) + timeout_ms;

    while (!is_true(state)) {
        if (skd_env_now_ms(&skd_env_system) >= deadline_ms) {
            return false;
        }
        (void)poll(NULL, 0, ASK_EVERY_MS);
    }
    return true;
}

bool skt_file_has(const char *path, const char *text)
{
    char *contents = skt_read_file(path, NULL);
    bool found = contents != NULL && strstr(contents, text) != NULL;

    free(contents);
    return found;
}

struct awaited {
    const char *path;
    const char *text;
};

static bool awaited_is_there(void *state)
{
    const struct awaited *awaited = state;

    return skt_file_has(awaited->path, awaited->text);
}

bool skt_until_file_has(const char *path, const char *text, unsigned timeout_ms)
{
    struct awaited awaited = { path, text };

    return skt_until(awaited_is_there, &awaited, timeout_ms);
}
