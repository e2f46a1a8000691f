/* main.c - the program `sidekey`. */
#include <time.h>
#include <unistd.h>

#include "libclient/cli/cli.h"

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

int main(int argc, char **argv)
{
    const struct skc_streams streams = { STDIN_FILENO, stdout, stderr, now_s };

    return skc_cli_run(argc, argv, &streams);
}
