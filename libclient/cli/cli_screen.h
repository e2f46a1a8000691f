/* cli_screen.h - the whole terminal, for a view that is drawn again and again.
 *
 * What was on the terminal comes back at the end, whether the view is closed, a
 * signal ends the process (SIGINT, SIGTERM, SIGHUP, SIGQUIT) or stops it for a
 * while (SIGTSTP).  Signals that were ignored stay ignored (nohup).
 *
 * The state is the process's: one screen at a time.
 */
#ifndef SKC_CLI_SCREEN_H
#define SKC_CLI_SCREEN_H

#include "protocol/bytes.h"

/* What ended a wait. */
enum skc_wake {
    SKC_WAKE_TIME,
    SKC_WAKE_REDRAW, /* the window has another size, or came back */
    SKC_WAKE_QUIT,   /* q */
};

/* Take the terminal @out_fd over.  Keys come from @in_fd, and none do when that
 * is no terminal. */
void skc_screen_open(int in_fd, int out_fd);

/* Show @text from the top, cut to the window's size, its last line left to
 * @hint.  Lines end by newline; SGR sequences take no room.
 * False, with errno, when the terminal cannot be written. */
bool skc_screen_draw(const char *text, const char *hint);

/* Wait until @deadline_ms (of deadline.h), or for something sooner. */
enum skc_wake skc_screen_wait(uint64_t deadline_ms);

/* Give the terminal back as it was.  Does nothing when none was taken. */
void skc_screen_close(void);

/* What skc_screen_draw writes for a window of @rows and @columns, in memory for
 * free(); NULL without memory. */
char *skc_screen_frame(const char *text,
                       const char *hint,
                       unsigned rows,
                       unsigned columns,
                       size_t *ret_len);

#endif /* SKC_CLI_SCREEN_H */
