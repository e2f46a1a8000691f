/* quota.c - how many connections there are; see quota.h. */
#include "agent/serve/quota.h"

#include <stdlib.h>

struct skd_quota_row {
    uid_t uid;
    unsigned n_open; /* 1 or more */
};

/* The row of @uid, or NULL.  Machines have few users that call an agent. */
static struct skd_quota_row *find_row(struct skd_quota *quota, uid_t uid)
{
    for (size_t i = 0; i < quota->n_rows; i++) {
        if (quota->rows[i].uid == uid) {
            return &quota->rows[i];
        }
    }
    return NULL;
}

static enum skp_err add_row(struct skd_quota *quota, uid_t uid)
{
    if (quota->n_rows == quota->rows_max) {
        size_t rows_max = quota->rows_max > 0 ? 2 * quota->rows_max : 8;
        struct skd_quota_row *rows =
            reallocarray(quota->rows, rows_max, sizeof *rows);

        if (rows == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        quota->rows = rows;
        quota->rows_max = rows_max;
    }
    quota->rows[quota->n_rows++] = (struct skd_quota_row){ uid, 1 };
    return SKP_ERR_OK;
}

enum skp_err skd_quota_enter(struct skd_quota *quota,
                             uid_t uid,
                             unsigned max,
                             unsigned max_per_uid)
{
    struct skd_quota_row *row = find_row(quota, uid);

    if (quota->n_open >= max || max_per_uid == 0 ||
        (row != NULL && row->n_open >= max_per_uid)) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (row != NULL) {
        row->n_open++;
    } else {
        SKP_TRY(add_row(quota, uid));
    }
    quota->n_open++;
    return SKP_ERR_OK;
}

void skd_quota_leave(struct skd_quota *quota, uid_t uid)
{
    struct skd_quota_row *row = find_row(quota, uid);

    skp_assert(row != NULL && quota->n_open > 0);
    quota->n_open--;
    row->n_open--;
    if (row->n_open == 0) {
        *row = quota->rows[--quota->n_rows];
    }
}

void skd_quota_done(struct skd_quota *quota)
{
    free(quota->rows);
    *quota = (struct skd_quota){ 0 };
}
