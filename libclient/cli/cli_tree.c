/* cli_tree.c - walking folders; see cli_tree.h. */
#include "libclient/cli/cli_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct level {
    DIR *dir;
    size_t path_len; /* of its own path */
};

struct walk {
    const struct skc_cli_tree *tree;
    dev_t device; /* of the folder that the user named */
    char path[PATH_MAX];
    struct level levels[SKC_TREE_DEPTH_MAX];
    size_t depth;
};

static void tell(const struct walk *walk, int error)
{
    if (walk->tree->fail != NULL) {
        walk->tree->fail(walk->tree->state, walk->path, error);
    }
}

/* Go into a folder; the path is its already.
 * @at  the folder it is in; AT_FDCWD for the first. */
static void enter(struct walk *walk, int at, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
    int fd;
    DIR *dir;

    if (walk->depth == SKC_TREE_DEPTH_MAX) {
        tell(walk, ELOOP);
        return;
    }
    fd = openat(at, name, at == AT_FDCWD ? flags : flags | O_NOFOLLOW);
    if (fd < 0) {
        tell(walk, errno);
        return;
    }
    dir = fdopendir(fd);
    if (dir == NULL) {
        tell(walk, errno);
        (void)close(fd);
        return;
    }
    walk->levels[walk->depth++] =
        (struct level){ .dir = dir, .path_len = strlen(walk->path) };
}

static void leave(struct walk *walk)
{
    walk->depth--;
    (void)closedir(walk->levels[walk->depth].dir);
}

/* Make the path that of @name in the innermost folder. */
static bool name_path(struct walk *walk, const char *name)
{
    size_t len = walk->levels[walk->depth - 1].path_len;
    bool has_slash = len > 0 && walk->path[len - 1] == '/';
    int added = snprintf(walk->path + len, sizeof walk->path - len, "%s%s",
                         has_slash ? "" : "/", name);

    return added > 0 && (size_t)added < sizeof walk->path - len;
}

/* One name of the innermost folder; false ends the walk. */
static bool visit(struct walk *walk, const char *name)
{
    const struct skc_cli_tree *tree = walk->tree;
    int at = dirfd(walk->levels[walk->depth - 1].dir);
    struct stat there;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return true;
    }
    if (!name_path(walk, name)) {
        tell(walk, ENAMETOOLONG);
        return true;
    }
    if (fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            tell(walk, errno); /* else it was removed meanwhile */
        }
        return true;
    }
    if (there.st_dev != walk->device && !tree->all_file_systems) {
        return true;
    }
    if (S_ISDIR(there.st_mode)) {
        enter(walk, at, name);
    } else if (S_ISREG(there.st_mode)) {
        const struct skc_cli_place place = { at, name, walk->path };

        return tree->file(tree->state, &place);
    }
    return true;
}

static bool walk_on(struct walk *walk)
{
    while (walk->depth > 0) {
        struct level *level = &walk->levels[walk->depth - 1];
        const struct dirent *entry;

        errno = 0;
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
        entry = readdir(level->dir);
        if (entry == NULL) {
            if (errno != 0) {
                walk->path[level->path_len] = '\0';
                tell(walk, errno);
            }
            leave(walk);
        } else if (!visit(walk, entry->d_name)) {
            return false;
        }
    }
    return true;
}

bool skc_cli_tree_walk(const struct skc_cli_tree *tree, const char *path)
{
    struct walk walk = { .tree = tree };
    struct stat there;
    bool is_whole;

    if (snprintf(walk.path, sizeof walk.path, "%s", path) >=
        (int)sizeof walk.path) {
        tell(&walk, ENAMETOOLONG);
        return true;
    }
    if (stat(path, &there) != 0) {
        tell(&walk, errno);
        return true;
    }
    walk.device = there.st_dev;
    enter(&walk, AT_FDCWD, path);
    is_whole = walk_on(&walk);
    while (walk.depth > 0) {
        leave(&walk);
    }
    return is_whole;
}
