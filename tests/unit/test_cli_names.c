/* test_cli_names.c - FILE and FILE.ske. */
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_names.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

START_TEST(outputs_are_named_after_inputs)
{
    static const struct {
        const char *path;
        const char *folder;
        bool is_decrypting;
        const char *wants; /* NULL: refused */
    } cases[] = {
        { "a", NULL, false, "a.ske" },
        { "x/y.z", NULL, false, "x/y.z.ske" },
        { "x/y.z", "/out", false, "/out/y.z.ske" },
        { "a.ske", NULL, true, "a" },
        { "x/a.ske", NULL, true, "x/a" },
        { "x/a.ske", "out", true, "out/a" },
        { "x.ske/a", NULL, false, "x.ske/a.ske" },
        { ".ske", NULL, false, ".ske.ske" },
        { "a.ske", NULL, false, NULL },
        { "a", NULL, true, NULL },
        { "a.ske/b", NULL, true, NULL },
        { ".ske", NULL, true, NULL },
        { "x/.ske", NULL, true, NULL },
        { "ske", NULL, true, NULL },
    };
    char made[PATH_MAX];

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skp_diag diag = { "" };
        enum skp_err err =
            skc_cli_names_output(cases[i].path, cases[i].folder,
                                 cases[i].is_decrypting, made, &diag);

        if (cases[i].wants == NULL) {
            skt_err(err, SKP_ERR_INVALID_ARGUMENT);
            ck_assert_ptr_nonnull(strstr(diag.text, cases[i].path));
        } else {
            skt_ok(err);
            ck_assert_str_eq(made, cases[i].wants);
        }
    }
}
END_TEST

START_TEST(too_long_names_are_refused)
{
    static char path[PATH_MAX];
    char made[PATH_MAX];

    memset(path, 'a', sizeof path - 1);
    skt_err(skc_cli_names_output(path, NULL, false, made, NULL),
            SKP_ERR_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(folders_are_known_also_by_links)
{
    ck_assert(skc_cli_names_folder("/tmp"));
    ck_assert(!skc_cli_names_folder("/dev/null"));
    ck_assert(!skc_cli_names_folder(skt_file("absent")));
    ck_assert_int_eq(symlink("/tmp", skt_file("link")), 0);
    ck_assert(skc_cli_names_folder(skt_file("link")));
}
END_TEST

SKT_SUITE("cli_names",
          outputs_are_named_after_inputs,
          too_long_names_are_refused,
          folders_are_known_also_by_links)
