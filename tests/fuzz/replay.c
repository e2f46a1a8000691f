/* replay.c - runs every committed corpus file through its fuzz target, as an
 * ordinary test program: what fuzzing has found stays found under every
 * compiler, and a change that makes a door assert differently shows at once.
 *
 * Reads tests/fuzz/corpus, or the folder named by SIDEKEY_CORPUS.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/suite.h"

#define INPUT_MAX (1u << 20)

static void replay_file(const char *path, void (*door)(struct skp_view input))
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *copy;
    size_t len;

    ck_assert_msg(file != NULL, "%s cannot be read", path);
    len = fread(bytes, 1, sizeof bytes, file);
    ck_assert_msg(feof(file) != 0, "%s is too long", path);
    (void)fclose(file);
    copy = skt_fuzz_copy((struct skp_view){ bytes, len });
    door((struct skp_view){ copy, len });
    free(copy);
}

static void replay(const char *name, void (*door)(struct skp_view input))
{
    const char *corpus = getenv("SIDEKEY_CORPUS");
    char folder[512];
    char path[1024];
    struct dirent **entries = NULL;
    int n_files = 0;
    int n;

    (void)snprintf(folder, sizeof folder, "%s/%s",
                   corpus == NULL ? "tests/fuzz/corpus" : corpus, name);
    n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", folder,
                           entries[i]->d_name);
            replay_file(path, door);
            n_files++;
        }
        free(entries[i]);
    }
    free(entries);
    ck_assert_msg(n_files > 0, "there is no input in %s", folder);
}

#define REPLAY_TEST(name)               \
    START_TEST(replays_##name)          \
    {                                   \
        replay(#name, skt_fuzz_##name); \
    }                                   \
    END_TEST
SKT_FUZZ_MAP(REPLAY_TEST)

#define REPLAY_ROW(name) replays_##name,
int main(void)
{
    const TTest *const tests[] = { SKT_FUZZ_MAP(REPLAY_ROW) };

    return skt_run("replay", tests, sizeof tests / sizeof tests[0]);
}
