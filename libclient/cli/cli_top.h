/* cli_top.h - one frame of `sidekey top`, as text.
 *
 * Shows what `status` tells and what happens in a second; no advice, which
 * `sidekey status` gives.
 */
#ifndef SKC_CLI_TOP_H
#define SKC_CLI_TOP_H

#include "libclient/cli/cli_colour.h"
#include "libclient/cli/cli_rates.h"

/* What is known at one moment; texts are borrowed. */
struct skc_top {
    const struct skc_reading *reading; /* the last that there was */
    const struct skc_rates *rates;     /* up to it */
    int64_t now_s;                     /* Unix time, for ages */
    const char *silence; /* why there is no newer reading; NULL: it is new */
    int64_t silent_since_s;
    unsigned n_restarts; /* of the agent, that were noticed */
    int64_t restarted_at_s;
};

/* Print the frame, each line ended by a newline. */
void skc_top_print(const struct skc_pen *pen, const struct skc_top *top);

#endif /* SKC_CLI_TOP_H */
