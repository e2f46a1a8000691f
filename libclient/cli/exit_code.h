/* exit_code.h - what a script learns from sidekey: the codes of sysexits.h. */
#ifndef SKC_EXIT_CODE_H
#define SKC_EXIT_CODE_H

#include "protocol/base.h"

enum skc_exit {
    SKC_EXIT_OK = 0,
    SKC_EXIT_FAILED = 1,
    SKC_EXIT_USAGE = 64,
    SKC_EXIT_UNAVAILABLE = 69, /* no agent, or no key right now */
    SKC_EXIT_BUG = 70,
    SKC_EXIT_PERMISSION = 77,
    SKC_EXIT_CONFIG = 78,
};

/* The exit code of an error: one table. */
enum skc_exit skc_exit_code(enum skp_err err);

#endif /* SKC_EXIT_CODE_H */
