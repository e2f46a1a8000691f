/* load.h - the load generator: connections to a Unix socket, each with a number
 * of requests in flight, every answer compared with what it must be.
 *
 * Requests and answers have fixed lengths, so that finding and checking an
 * answer costs the generator next to nothing: on a machine with two cores it
 * must not be what is measured.
 */
#ifndef SKB_LOAD_H
#define SKB_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/series.h"

/* Bytes of the largest request and answer. */
#define SKB_MESSAGE_MAX     4096u
#define SKB_DEPTH_MAX       64u
#define SKB_CONNECTIONS_MAX 16u

/* What is sent, round and round, and what comes back. */
struct skb_script {
    size_t n_items;
    size_t request_len;
    size_t answer_len;
    size_t checked_len; /* bytes of an answer that are known beforehand */
    bool has_msgid;     /* a big-endian uint32 at byte 3 of both */
    uint8_t *requests;  /* n_items of request_len bytes */
    uint8_t *answers;   /* n_items of answer_len bytes */
    /* Look at the rest of some answers; NULL: nothing to look at. */
    bool (*check)(void *state, size_t item, const uint8_t *answer);
    /* Said on a connection before its first request; false when that fails.
     * NULL: nothing. */
    bool (*greet)(void *state, int fd);
    void *state; /* of both */
};

/* An empty script; aborts without memory, as all of the measuring does. */
void skb_script_init(struct skb_script *script,
                     size_t n_items,
                     size_t request_len,
                     size_t answer_len);
void skb_script_done(struct skb_script *script);

struct skb_load {
    const char *path; /* of the socket */
    pid_t server;     /* whose CPU time is counted */
    unsigned connections;
    unsigned depth;
    double seconds;
};

/* Run for a tenth of the time to warm up, then for the whole of it. */
struct skb_result skb_load_run(const struct skb_load *load,
                               const struct skb_script *script);

/* A blocking connection to the socket at @path, or -1. */
int skb_connect(const char *path);

#endif /* SKB_LOAD_H */
