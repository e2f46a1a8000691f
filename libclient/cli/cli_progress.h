/* cli_progress.h - one line of progress on a terminal: share, rate, remaining
 * time.
 *
 *     a.iso   43% [########            ] 1.2 GiB of 2.8 GiB, 410.5 MiB/s, 4s
 * left
 *
 * Written to standard error, and only if that is a terminal; drawn anew at most
 * ten times a second.
 */
#ifndef SKC_CLI_PROGRESS_H
#define SKC_CLI_PROGRESS_H

#include "libclient/cli/cli.h"

enum skc_progress_unit {
    SKC_PROGRESS_BYTES,
    SKC_PROGRESS_FILES,
};

struct skc_cli_progress {
    FILE *file; /* NULL: nothing is shown */
    enum skc_progress_unit unit;
    const char *name;
    uint64_t total; /* UINT64_MAX: nobody knows */
    uint64_t done;
    uint64_t started_ms;
    uint64_t drawn_ms;
    unsigned shown; /* columns that the line has now */
};

/* Begin, and draw the first line; shows nothing with --quiet, or when standard
 * error is no terminal.
 * @name   what is worked on; borrowed.
 * @total  UINT64_MAX when nobody knows. */
void skc_cli_progress_begin(struct skc_cli_progress *progress,
                            const struct skc_cli *cli,
                            enum skc_progress_unit unit,
                            const char *name,
                            uint64_t total);

/* @n more are done. */
void skc_cli_progress_add(struct skc_cli_progress *progress, uint64_t n);

/* Take the line away, for other words or for good; the next add draws it
 * again.  Accepts a zeroed progress. */
void skc_cli_progress_hide(struct skc_cli_progress *progress);

/* The line for @elapsed_ms since the beginning, at most @columns wide. */
void skc_cli_progress_line(const struct skc_cli_progress *progress,
                           uint64_t elapsed_ms,
                           unsigned columns,
                           char *ret,
                           size_t cap);

#endif /* SKC_CLI_PROGRESS_H */
