/* options.h - the command line of sidekeyd. */
#ifndef SKD_OPTIONS_H
#define SKD_OPTIONS_H

#include <stdio.h>

#include "protocol/base.h"

/* What to do; --help and --version win over everything else. */
enum skd_action {
    SKD_ACTION_SERVE,
    SKD_ACTION_CHECK_CONFIG,
    SKD_ACTION_HELP,
    SKD_ACTION_VERSION,
};

/* Strings are argv's. */
struct skd_options {
    enum skd_action action;
    const char *config; /* NULL: the default path */
    const char *secret; /* NULL: the default path */
    const char *socket; /* NULL: what the configuration says */
    bool dev;
    bool supervise; /* run the agent in a child, and again when it dies */
    bool strict;    /* --check-config: warnings fail, too */
};

/* Parse argv.  What is wrong is printed to @err, in one line.
 *   SKP_ERR_INVALID_ARGUMENT  unknown option, missing value, stray argument, or
 *                             options that exclude each other. */
SKP_MUST_CHECK enum skp_err
skd_options_parse(int argc, char **argv, FILE *err, struct skd_options *ret);

/* Print the text of --help. */
void skd_options_print_help(FILE *out);

#endif /* SKD_OPTIONS_H */
