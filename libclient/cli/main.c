/* main.c - the program `sidekey`. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "libclient/cli/cli.h"
#include "libclient/cli/cli_colour.h"

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

int main(int argc, char **argv)
{
    bool is_terminal = isatty(STDOUT_FILENO) == 1;
    const char *term = secure_getenv("TERM");
    const struct skc_streams streams = {
        .in_fd = STDIN_FILENO,
        .out = stdout,
        .err = stderr,
        .now_s = now_s,
        .is_coloured =
            skc_cli_colour_wanted(is_terminal, secure_getenv("NO_COLOR"), term),
        .is_screen = skc_cli_colour_screen(is_terminal, term),
    };

    return skc_cli_run(argc, argv, &streams);
}
