/* fd_table.h - descriptors that the supervisor keeps for its worker, by name.
 *
 * They are never mapped, read or looked into.
 *
 * Thread:   main.
 */
#ifndef SKD_FD_TABLE_H
#define SKD_FD_TABLE_H

#include "agent/sys/notify.h"

/* What the worker needs at most: two pairs while one takes over from the other,
 * and a socket; the rest is for its next version. */
#define SKD_FD_TABLE_MAX SKD_NOTIFY_KEPT_MAX

/* Open, so that it can be embedded.  Zeroed is empty. */
struct skd_fd_table {
    struct skd_kept_fd rows[SKD_FD_TABLE_MAX];
    size_t n;
};

/* Keep the @n descriptors at @fds under @name instead of those it had.  They
 * are moved in; when there is no room for all, none is kept and all are closed,
 * and the result is false. */
bool skd_fd_table_store(struct skd_fd_table *table,
                        const char *name,
                        const int *fds,
                        size_t n);

/* Close what is kept under @name. */
void skd_fd_table_remove(struct skd_fd_table *table, const char *name);

/* Close all whose name begins with @prefix; "" for all. */
void skd_fd_table_clear(struct skd_fd_table *table, const char *prefix);

/* Put the descriptors to 3, 4, ... for a program that is about to be executed;
 * whatever was there is gone.  For a child process, which has no other use for
 * its descriptors.
 * @names  room for "NAME:NAME", SKD_FD_TABLE_NAMES_LEN bytes.
 * False when the kernel refused. */
#define SKD_FD_TABLE_NAMES_LEN (SKD_FD_TABLE_MAX * SKD_NOTIFY_NAME_LEN)
bool skd_fd_table_arrange(const struct skd_fd_table *table, char *names);

#endif /* SKD_FD_TABLE_H */
