/* cli_tree.h - all regular files of a folder, and of the folders in it.
 *
 * Symbolic links are not followed, except for the folder named by the user.
 * Memory does not grow with the number of files; what a folder holds is read
 * while it is worked on, so that new files may be seen or not.
 */
#ifndef SKC_CLI_TREE_H
#define SKC_CLI_TREE_H

#include "libclient/cli/cli_place.h"
#include "protocol/base.h"

/* Folders in folders beyond this are told as failed. */
#define SKC_TREE_DEPTH_MAX 128u

struct skc_cli_tree {
    bool all_file_systems; /* go on where another one is mounted */
    void *state;

    /* A regular file; false ends the walk. */
    bool (*file)(void *state, const struct skc_cli_place *place);

    /* What cannot be read, with its errno; NULL: is passed over. */
    void (*fail)(void *state, const char *path, int error);
};

/* Walk; false when @tree->file ended it. */
bool skc_cli_tree_walk(const struct skc_cli_tree *tree, const char *path);

#endif /* SKC_CLI_TREE_H */
