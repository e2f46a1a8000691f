/* in_child.h - a check in a process of its own, for what cannot be taken back.
 */
#ifndef SKT_IN_CHILD_H
#define SKT_IN_CHILD_H

#include <stddef.h>
#include <stdint.h>

#define SKT_CHILD_OUTPUT_MAX 4096u

struct skt_child {
    int status;                        /* of waitpid */
    char output[SKT_CHILD_OUTPUT_MAX]; /* its standard error, with a NUL */
};

/* Run @check in a child and wait for it.  Its exit status is what @check
 * returns, which should be 0 or the line at which it failed (SKT_CHILD). */
struct skt_child skt_in_child(int (*check)(void));

/* Run it, and assert that it returned 0. */
void skt_child_ok(int (*check)(void));

/* In a check: return the line, modulo what an exit status holds and never 0,
 * unless @holds. */
#define SKT_CHILD(holds)               \
    do {                               \
        if (!(holds)) {                \
            return __LINE__ % 255 + 1; \
        }                              \
    } while (0)

#endif /* SKT_IN_CHILD_H */
