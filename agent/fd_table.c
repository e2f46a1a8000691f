/* fd_table.c - descriptors by name; see fd_table.h. */
#include "agent/fd_table.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)close(fds[i]);
    }
}

/* Close the rows for which @len bytes of the name are those of @name. */
static void
remove_rows(struct skd_fd_table *table, const char *name, size_t len)
{
    size_t n_left = 0;

    for (size_t i = 0; i < table->n; i++) {
        if (strncmp(table->rows[i].name, name, len) == 0) {
            (void)close(table->rows[i].fd);
        } else {
            table->rows[n_left++] = table->rows[i];
        }
    }
    table->n = n_left;
}

void skd_fd_table_remove(struct skd_fd_table *table, const char *name)
{
    remove_rows(table, name, strlen(name) + 1);
}

void skd_fd_table_clear(struct skd_fd_table *table, const char *prefix)
{
    remove_rows(table, prefix, strlen(prefix));
}

bool skd_fd_table_store(struct skd_fd_table *table,
                        const char *name,
                        const int *fds,
                        size_t n)
{
    size_t len = strlen(name);

    skd_fd_table_remove(table, name);
    if (len == 0 || len >= SKD_NOTIFY_NAME_LEN ||
        n > SKD_FD_TABLE_MAX - table->n) {
        close_all(fds, n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct skd_kept_fd *row = &table->rows[table->n++];

        memcpy(row->name, name, len + 1);
        row->fd = fds[i];
    }
    return true;
}

bool skd_fd_table_arrange(const struct skd_fd_table *table, char *names)
{
    int moved[SKD_FD_TABLE_MAX];
    char *end = names;

    /* Out of the way first, so that none lands on one still to come. */
    for (size_t i = 0; i < table->n; i++) {
        moved[i] = fcntl(table->rows[i].fd, F_DUPFD_CLOEXEC,
                         FIRST_FD + (int)SKD_FD_TABLE_MAX);
        if (moved[i] < 0) {
            return false;
        }
    }
    *end = '\0';
    for (size_t i = 0; i < table->n; i++) {
        size_t len = strlen(table->rows[i].name);

        if (dup2(moved[i], FIRST_FD + (int)i) < 0) {
            return false;
        }
        if (i > 0) {
            *end++ = ':';
        }
        memcpy(end, table->rows[i].name, len + 1);
        end += len;
    }
    return true;
}
