/* repeats.h - keeps a log readable when one message comes again and again: the
 * first few of a while are written, the rest are counted and told of in one
 * line.
 *
 * Pure: the caller brings the time and the lock.
 */
#ifndef SKD_REPEATS_H
#define SKD_REPEATS_H

#include "protocol/base.h"

/* A while; from the first of a message on. */
#define SKD_REPEATS_WINDOW_MS 10000u
/* So many of one message are written in a while. */
#define SKD_REPEATS_FIRST 3u
/* Messages that are kept an eye on at the same time.  One that finds no place
 * is written each time. */
#define SKD_REPEATS_MESSAGES 16u
#define SKD_REPEATS_TEXT_MAX 1024u /* with its NUL */

/* A message of a while. */
struct skd_repeat {
    int level;
    uint64_t since_ms;
    uint64_t n;        /* how often it came; 0: no message */
    uint64_t n_silent; /* of these, not written */
    char text[SKD_REPEATS_TEXT_MAX];
};

/* Open; zeroed is empty. */
struct skd_repeats {
    struct skd_repeat list[SKD_REPEATS_MESSAGES];
};

/* Note that @text (shorter than SKD_REPEATS_TEXT_MAX) comes at @now_ms; true
 * when it is to be written.  What skd_repeats_take has to give is taken before.
 */
bool skd_repeats_admit(struct skd_repeats *repeats,
                       int level,
                       const char *text,
                       uint64_t now_ms);

/* Forget one message whose while is over and of which some were not written,
 * giving it in *ret; false when there is none.  Call again until then.
 * @all  also those whose while is not over. */
bool skd_repeats_take(struct skd_repeats *repeats,
                      uint64_t now_ms,
                      bool all,
                      struct skd_repeat *ret);

#endif /* SKD_REPEATS_H */
