/* exit_code.c - errors to exit codes; see exit_code.h. */
#include "libclient/cli/exit_code.h"

enum skc_exit skc_exit_code(enum skp_err err)
{
    static const struct {
        enum skp_err err;
        enum skc_exit code;
    } rows[] = {
        { SKP_ERR_OK, SKC_EXIT_OK },
        { SKP_ERR_INVALID_ARGUMENT, SKC_EXIT_FAILED },
        { SKP_ERR_DEADLINE_EXCEEDED, SKC_EXIT_UNAVAILABLE },
        { SKP_ERR_NOT_FOUND, SKC_EXIT_FAILED },
        { SKP_ERR_ALREADY_EXISTS, SKC_EXIT_FAILED },
        { SKP_ERR_PERMISSION_DENIED, SKC_EXIT_PERMISSION },
        { SKP_ERR_RESOURCE_EXHAUSTED, SKC_EXIT_FAILED },
        { SKP_ERR_FAILED_PRECONDITION, SKC_EXIT_FAILED },
        { SKP_ERR_UNIMPLEMENTED, SKC_EXIT_FAILED },
        { SKP_ERR_INTERNAL, SKC_EXIT_BUG },
        { SKP_ERR_UNAVAILABLE, SKC_EXIT_UNAVAILABLE },
        { SKP_ERR_DATA_LOSS, SKC_EXIT_FAILED },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        if (rows[i].err == err) {
            return rows[i].code;
        }
    }
    return SKC_EXIT_BUG;
}
