/* lookup.c - names to addresses; see lookup.h. */
#include "agent/source/net/lookup.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Shared by the asking and the looking-up thread; the last one frees it. */
struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t is_done_changed;
    bool is_done;
    bool is_abandoned;
    int code; /* of getaddrinfo */
    struct addrinfo *addresses;
    char port[8];
    char host[];
};

static pthread_mutex_t count_mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned n_threads;

static bool claim_thread(void)
{
    bool is_free;

    (void)pthread_mutex_lock(&count_mutex);
    is_free = n_threads < SKD_LOOKUP_MAX;
    n_threads += is_free;
    (void)pthread_mutex_unlock(&count_mutex);
    return is_free;
}

static void release_thread(void)
{
    (void)pthread_mutex_lock(&count_mutex);
    n_threads--;
    (void)pthread_mutex_unlock(&count_mutex);
}

static struct lookup *new_lookup(const char *host, uint16_t port)
{
    size_t len = strlen(host) + 1;
    struct lookup *lookup = calloc(1, sizeof *lookup + len);
    pthread_condattr_t monotonic;

    if (lookup == NULL) {
        return NULL;
    }
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lookup->is_done_changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&lookup->mutex, NULL);
    (void)snprintf(lookup->port, sizeof lookup->port, "%u", (unsigned)port);
    memcpy(lookup->host, host, len);
    return lookup;
}

static void free_lookup(struct lookup *lookup)
{
    if (lookup->addresses != NULL) {
        freeaddrinfo(lookup->addresses);
    }
    (void)pthread_cond_destroy(&lookup->is_done_changed);
    (void)pthread_mutex_destroy(&lookup->mutex);
    free(lookup);
}

static int
resolve(const struct lookup *lookup, int flags, struct addrinfo **ret)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };

    return getaddrinfo(lookup->host, lookup->port, &hints, ret);
}

static void *look_up(void *argument)
{
    struct lookup *lookup = argument;
    struct addrinfo *addresses = NULL;
    int code = resolve(lookup, 0, &addresses);
    bool is_abandoned;

    (void)pthread_mutex_lock(&lookup->mutex);
    lookup->code = code;
    lookup->addresses = code == 0 ? addresses : NULL;
    lookup->is_done = true;
    is_abandoned = lookup->is_abandoned;
    (void)pthread_cond_signal(&lookup->is_done_changed);
    (void)pthread_mutex_unlock(&lookup->mutex);
    if (is_abandoned) {
        free_lookup(lookup);
    }
    release_thread();
    return NULL;
}

static bool start_thread(struct lookup *lookup)
{
    pthread_attr_t detached;
    pthread_t thread;
    int code;

    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    code = pthread_create(&thread, &detached, look_up, lookup);
    (void)pthread_attr_destroy(&detached);
    return code == 0;
}

/* True when the thread is done; else it has been told to clean up alone. */
static bool await(struct lookup *lookup, uint64_t left_ms)
{
    struct timespec until = { 0, 0 };
    bool is_done;
    int code = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(left_ms / 1000);
    until.tv_nsec += (long)(left_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_mutex_lock(&lookup->mutex);
    while (!lookup->is_done && code == 0) {
        code = pthread_cond_timedwait(&lookup->is_done_changed, &lookup->mutex,
                                      &until);
    }
    is_done = lookup->is_done;
    lookup->is_abandoned = !is_done;
    (void)pthread_mutex_unlock(&lookup->mutex);
    return is_done;
}

/* *lookup is NULL afterwards when it is not ours to look at any more. */
static enum skp_err
run_thread(struct lookup **lookup, uint64_t left_ms, struct skp_diag *diag)
{
    if (!claim_thread()) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "too many name lookups are without an answer");
    }
    if (!start_thread(*lookup)) {
        release_thread();
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no thread for a name lookup");
    }
    if (!await(*lookup, left_ms)) {
        *lookup = NULL;
        return skp_fail(diag, SKP_ERR_DEADLINE_EXCEEDED,
                        "name lookup took too long");
    }
    if ((*lookup)->code != 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "cannot look up the name: %s",
                        gai_strerror((*lookup)->code));
    }
    return SKP_ERR_OK;
}

enum skp_err skd_lookup(const char *host,
                        uint16_t port,
                        const struct skd_env *env,
                        uint64_t deadline_ms,
                        struct addrinfo **ret,
                        struct skp_diag *diag)
{
    uint64_t now_ms = skd_env_now_ms(env);
    struct lookup *lookup = new_lookup(host, port);
    struct addrinfo *numeric = NULL;
    enum skp_err err = SKP_ERR_OK;

    if (lookup == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (resolve(lookup, AI_NUMERICHOST, &numeric) == 0) {
        lookup->addresses = numeric;
    } else {
        err = run_thread(&lookup,
                         deadline_ms > now_ms ? deadline_ms - now_ms : 0, diag);
    }
    if (lookup != NULL) {
        if (err == SKP_ERR_OK) {
            *ret = lookup->addresses;
            lookup->addresses = NULL;
        }
        free_lookup(lookup);
    }
    return err;
}
