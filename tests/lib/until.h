/* until.h - await what another process does, by asking again. */
#ifndef SKT_UNTIL_H
#define SKT_UNTIL_H

#include <stdbool.h>

/* Ask @is_true every 20 ms until it says yes, @timeout_ms at most.  Returns its
 * last answer. */
bool skt_until(bool (*is_true)(void *state), void *state, unsigned timeout_ms);

/* True when the file at @path holds @text. */
bool skt_file_has(const char *path, const char *text);

/* Await @text in the file at @path; false after @timeout_ms. */
bool skt_until_file_has(const char *path,
                        const char *text,
                        unsigned timeout_ms);

#endif /* SKT_UNTIL_H */
