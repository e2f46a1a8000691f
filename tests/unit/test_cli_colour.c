/* test_cli_colour.c - when there is colour, and what it looks like. */
#include <stdlib.h>

#include "libclient/cli/cli_colour.h"
#include "tests/lib/suite.h"

START_TEST(colour_is_for_terminals_that_want_it)
{
    ck_assert(skc_cli_colour_wanted(true, NULL, "xterm"));
    ck_assert(skc_cli_colour_wanted(true, "", "xterm"));
    ck_assert(!skc_cli_colour_wanted(false, NULL, "xterm"));
    ck_assert(!skc_cli_colour_wanted(true, "1", "xterm"));
    ck_assert(!skc_cli_colour_wanted(true, "0", "xterm"));
    ck_assert(!skc_cli_colour_wanted(true, NULL, "dumb"));
    ck_assert(!skc_cli_colour_wanted(true, NULL, NULL));
    ck_assert(skc_cli_colour_screen(true, "xterm"));
    ck_assert(!skc_cli_colour_screen(false, "xterm"));
    ck_assert(!skc_cli_colour_screen(true, "dumb"));
    ck_assert(!skc_cli_colour_screen(true, NULL));
}
END_TEST

static char *print_all(bool is_coloured)
{
    char *text = NULL;
    size_t len = 0;
    struct skc_pen pen = { open_memstream(&text, &len), is_coloured };

    skc_cli_colour_print(&pen, SKC_COLOUR_NONE, "a%d ", 1);
    skc_cli_colour_print(&pen, SKC_COLOUR_GOOD, "b%s ", "2");
    skc_cli_colour_print(&pen, SKC_COLOUR_CAUTION, "c");
    skc_cli_colour_print(&pen, SKC_COLOUR_BAD, "d");
    ck_assert_int_eq(fclose(pen.out), 0);
    return text;
}

START_TEST(colours_end_where_their_text_ends)
{
    char *plain = print_all(false);
    char *coloured = print_all(true);

    ck_assert_str_eq(plain, "a1 b2 cd");
    ck_assert_str_eq(coloured, "a1 \033[32mb2 \033[0m\033[33mc\033[0m"
                               "\033[31md\033[0m");
    free(plain);
    free(coloured);
}
END_TEST

SKT_SUITE("cli_colour",
          colour_is_for_terminals_that_want_it,
          colours_end_where_their_text_ends)
