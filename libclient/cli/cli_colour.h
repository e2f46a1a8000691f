/* cli_colour.h - colour for people who look at a terminal, and for nobody else.
 */
#ifndef SKC_CLI_COLOUR_H
#define SKC_CLI_COLOUR_H

#include <stdio.h>

#include "protocol/base.h"

enum skc_colour {
    SKC_COLOUR_NONE,
    SKC_COLOUR_GOOD,    /* green */
    SKC_COLOUR_CAUTION, /* yellow */
    SKC_COLOUR_BAD,     /* red */
};

/* Whether a cursor can be moved there: on a terminal that is not "dumb".
 * @term  value of the environment; NULL: not set. */
bool skc_cli_colour_screen(bool is_terminal, const char *term);

/* Whether to colour: for a terminal that is not "dumb", unless NO_COLOR is set
 * to anything but "" (no-color.org).
 * @no_color, @term  values of the environment; NULL: not set. */
bool skc_cli_colour_wanted(bool is_terminal,
                           const char *no_color,
                           const char *term);

/* Where coloured text goes. */
struct skc_pen {
    FILE *out;        /* borrowed */
    bool is_coloured; /* false: colours change nothing */
};

/* Print in @colour, and go on without. */
SKP_PRINTF(3, 4)
void skc_cli_colour_print(const struct skc_pen *pen,
                          enum skc_colour colour,
                          const char *format,
                          ...);

#endif /* SKC_CLI_COLOUR_H */
