/* main.c - entry point of sidekeyd. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/supervise.h"

/* Print the merged configuration, or every error in it. */
static int check_config(const struct skd_options *options)
{
    const struct skd_config_paths paths = { options->config, options->secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    char *text = NULL;
    enum skp_err err = skd_config_print(&paths, &text, &findings);
    bool failed =
        err != SKP_ERR_OK || (options->strict && findings.n_warnings > 0);

    if (findings.errors != NULL) {
        (void)fputs(findings.errors, stderr);
    }
    if (findings.warnings != NULL) {
        (void)fputs(findings.warnings, stderr);
    }
    if (!failed) {
        (void)printf("%s\n", text);
    }
    free(text);
    skd_findings_done(&findings);
    return failed ? EX_CONFIG : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct skd_options options;

    if (skd_options_parse(argc, argv, stderr, &options) != SKP_ERR_OK) {
        return EX_USAGE;
    }
    switch (options.action) {
    case SKD_ACTION_HELP:
        skd_options_print_help(stdout);
        return EXIT_SUCCESS;
    case SKD_ACTION_VERSION:
        (void)printf("sidekeyd %s\n", SKD_VERSION);
        return EXIT_SUCCESS;
    case SKD_ACTION_CHECK_CONFIG:
        return check_config(&options);
    case SKD_ACTION_SERVE:
        return options.supervise ? skd_supervise_run(&options)
                                 : skd_agent_run(&options);
    }
    return EX_SOFTWARE;
}
