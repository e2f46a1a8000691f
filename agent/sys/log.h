/* log.h - one line per event on stderr, key=value or JSON.
 *
 * Only the files that own an event log it: agent, refresher, listener, worker.
 * Everything else returns an error and a diag.
 *
 * Thread:   any; a line is one write(2).
 * Secrets:  no function here takes bytes; a message is text made by us, with
 *           control characters blanked.
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

/* Write one line: the time, the level and the message. */
SKP_PRINTF(2, 3)
void skd_log(enum skd_log_level level, const char *format, ...);

#endif /* SKD_LOG_H */
