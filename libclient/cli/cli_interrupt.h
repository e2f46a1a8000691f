/* cli_interrupt.h - what SIGINT, SIGTERM and SIGHUP do to a run.
 *
 * A run that writes a temporary file has it removed, then dies by the signal.
 * A run that works through many files is asked to stop after the present one;
 * a second signal ends it at once.  Signals that were ignored stay ignored
 * (nohup).
 *
 * The state is the process's: one temporary file, or one loop, at a time.
 */
#ifndef SKC_CLI_INTERRUPT_H
#define SKC_CLI_INTERRUPT_H

#include "protocol/base.h"

/* Make a temporary file as mkostemp(3) does, of which no signal leaves a trace
 * until skc_cli_interrupt_release.
 * @name  ends in XXXXXX, which are replaced; at most PATH_MAX - 1 bytes.
 * The file descriptor, or -1 with errno. */
int skc_cli_interrupt_make(char *name);

/* Give the temporary file its final name in one step that no signal divides,
 * and guard it no longer.
 * @overwrite  what has that name now is replaced; else EEXIST.
 * 0, or -1 with errno: the file is as it was and still guarded. */
int skc_cli_interrupt_move(const char *name, const char *to, bool overwrite);

/* Guard no longer.  Does nothing when there is nothing guarded. */
void skc_cli_interrupt_release(void);

/* From now on a signal only asks: see skc_cli_interrupt_asked. */
void skc_cli_interrupt_watch(void);

/* The signal that came since skc_cli_interrupt_watch; 0 for none. */
int skc_cli_interrupt_asked(void);

/* Give signals their former meaning again and return the one that came, or 0;
 * the caller says its last words and ends by raise(3). */
int skc_cli_interrupt_unwatch(void);

#endif /* SKC_CLI_INTERRUPT_H */
