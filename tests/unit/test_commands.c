/* test_commands.c - the table of commands. */
#include <string.h>

#include "libclient/cli/commands.h"
#include "tests/lib/suite.h"

START_TEST(every_command_is_found_and_complete)
{
    unsigned n = 0;

    for (const struct skc_command *row = skc_commands; row->name != NULL;
         row++) {
        ck_assert_ptr_eq(skc_commands_find(row->name), row);
        ck_assert(row->run != NULL && row->usage != NULL &&
                  row->details != NULL);
        ck_assert_str_ne(row->sentence, "");
        ck_assert_uint_gt(row->timeout_ms, 0);
        ck_assert_uint_eq(row->options & SKC_GLOBAL_OPTIONS, 0);
        n++;
    }
    ck_assert_uint_eq(n, 16);
    ck_assert_ptr_null(skc_commands_find("help"));
    ck_assert_ptr_null(skc_commands_find(""));
}
END_TEST

SKT_SUITE("commands", every_command_is_found_and_complete)
