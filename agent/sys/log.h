/* log.h - one line per event on stderr, key=value or JSON.
 *
 * Only the files that own an event log it: agent, refresher, listener, worker.
 * Everything else returns an error and a diag.
 *
 * A message that comes again and again is written three times in ten seconds;
 * the rest are counted, and told of in one line "repeated N times more ...".
 *
 * Thread:   any; a line is one write(2).
 * Secrets:  no function here takes bytes; a message is text made by us, in
 * which control characters, and what is no UTF-8, are escaped.
 */
#ifndef SKD_LOG_H
#define SKD_LOG_H

#include <stdbool.h>

#include "protocol/base.h"

enum skd_log_level {
    SKD_LOG_DEBUG,
    SKD_LOG_INFO,
    SKD_LOG_WARN,
    SKD_LOG_ERROR,
};

/* Set what is written and how; before threads start, and on a reload. */
void skd_log_configure(enum skd_log_level least, bool json);

/* Write what is owed about messages that were counted only: of those whose ten
 * seconds are over, or @all.  Every skd_log does the former. */
void skd_log_flush(bool all);

/* Write one line: the time, the level and the message. */
SKP_PRINTF(2, 3)
void skd_log(enum skd_log_level level, const char *format, ...);

#endif /* SKD_LOG_H */
