/* swap.c - may memory be written to a disk?  See swap.h. */
#include "agent/sys/swap.h"

#include <stdio.h>
#include <string.h>

#define LINE_LEN 4096u

static FILE *open_below(const char *root, const char *path)
{
    char whole[LINE_LEN];
    int len = snprintf(whole, sizeof whole, "%s%s", root, path);

    return len < 0 || (size_t)len >= sizeof whole ? NULL : fopen(whole, "re");
}

static void close_file(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

/* A heading, and a line for each device or file. */
static bool has_no_swap(const char *root)
{
    SKP_CLEANUP(close_file) FILE *file = open_below(root, "/proc/swaps");
    char line[LINE_LEN];

    return file != NULL && fgets(line, sizeof line, file) != NULL &&
           strncmp(line, "Filename", strlen("Filename")) == 0 &&
           fgets(line, sizeof line, file) == NULL;
}

/* The path of the process's own group in the one hierarchy of cgroup v2. */
static bool find_group(const char *root, char path[LINE_LEN])
{
    SKP_CLEANUP(close_file) FILE *file = open_below(root, "/proc/self/cgroup");
    char line[LINE_LEN];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", strlen("0::/")) == 0) {
            memcpy(path, line + strlen("0::"), strlen(line + 3) + 1);
            return true;
        }
    }
    return false;
}

static bool may_use_none(const char *root)
{
    char group[LINE_LEN];
    char path[LINE_LEN + 64];
    char value[16];
    SKP_CLEANUP(close_file) FILE *file = NULL;

    if (!find_group(root, group)) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.swap.max",
                   group);
    file = open_below(root, path);
    return file != NULL && fgets(value, sizeof value, file) != NULL &&
           strcmp(value, "0\n") == 0;
}

bool skd_swap_is_off(const char *root)
{
    return has_no_swap(root) || may_use_none(root);
}
