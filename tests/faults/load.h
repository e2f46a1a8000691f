/* load.h - what load.c sends, what it expects, and what it counts. */
#ifndef SKL_LOAD_H
#define SKL_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an answer is compared. */
enum skl_kind {
    SKL_EXACT,      /* byte for byte */
    SKL_GENERATION, /* a generation follows, whichever */
    SKL_FORWARD,    /* one that never falls on one connection */
};

struct skl_bytes {
    const uint8_t *ptr;
    size_t len;
};

struct skl_item {
    unsigned group; /* 0: untouched by the fault, 1: touched */
    enum skl_kind kind;
    uint8_t *request; /* a uint32 msgid at byte 3 */
    size_t request_len;
    struct skl_bytes *answers; /* what may stand behind the msgid */
    size_t n_answers;
};

struct skl_script {
    struct skl_item *items;
    size_t n_items;
};

/* Read what load.py wrote; false when it is damaged. */
bool skl_script_read(const char *path, struct skl_script *ret);

#define SKL_CODES   12u
#define SKL_GROUPS  2u
#define SKL_BUCKETS 2048u

struct skl_group {
    uint64_t n_right;
    uint64_t n_wrong;
    uint64_t n_lost; /* never answered */
    struct {
        char code[32];
        uint64_t n;
    } errors[SKL_CODES];
    uint64_t max_ns;
    uint64_t buckets[SKL_BUCKETS]; /* latencies in steps of 1/32 */
};

struct skl_window {
    double seconds;
    uint64_t n_closed;  /* connections that ended */
    uint64_t n_strange; /* messages that answer nothing */
    struct skl_group groups[SKL_GROUPS];
};

void skl_count_right(struct skl_group *group, uint64_t took_ns);

/* @answer starts with the error string "CODE: text". */
void skl_count_error(struct skl_group *group,
                     const uint8_t *answer,
                     size_t len);

/* One line of JSON. */
void skl_print_window(const struct skl_window *window);

#endif /* SKL_LOAD_H */
