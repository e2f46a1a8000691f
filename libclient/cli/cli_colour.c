/* cli_colour.c - colour on terminals; see cli_colour.h. */
#include "libclient/cli/cli_colour.h"

#include <stdarg.h>
#include <string.h>

/* ECMA-48, Select Graphic Rendition. */
static const char *const codes[] = { "", "\033[32m", "\033[33m", "\033[31m" };
#define CODE_END "\033[0m"

bool skc_cli_colour_screen(bool is_terminal, const char *term)
{
    return is_terminal && term != NULL && strcmp(term, "dumb") != 0;
}

bool skc_cli_colour_wanted(bool is_terminal,
                           const char *no_color,
                           const char *term)
{
    return skc_cli_colour_screen(is_terminal, term) &&
           (no_color == NULL || no_color[0] == '\0');
}

void skc_cli_colour_print(const struct skc_pen *pen,
                          enum skc_colour colour,
                          const char *format,
                          ...)
{
    bool is_coloured = pen->is_coloured && colour != SKC_COLOUR_NONE;
    va_list args;

    if (is_coloured) {
        (void)fputs(codes[colour], pen->out);
    }
    va_start(args, format);
    (void)vfprintf(pen->out, format, args);
    va_end(args);
    if (is_coloured) {
        (void)fputs(CODE_END, pen->out);
    }
}
