/* quota.c - how many connections there are; see quota.h. */
#include "agent/serve/quota.h"

#include <stdlib.h>

struct skd_quota_row {
    uid_t uid;
    unsigned n_open; /* 0: its bucket is not full yet */
    struct skd_rate *rate;
};

/* The row of @uid, or NULL.  Machines have few users that call an agent. */
static struct skd_quota_row *find_row(const struct skd_quota *quota, uid_t uid)
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
    struct skd_quota_row *row;

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
    row = &quota->rows[quota->n_rows];
    *row = (struct skd_quota_row){ uid, 1, calloc(1, sizeof *row->rate) };
    if (row->rate == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    quota->n_rows++;
    return SKP_ERR_OK;
}

static void drop_row(struct skd_quota *quota, struct skd_quota_row *row)
{
    free(row->rate);
    *row = quota->rows[--quota->n_rows];
}

enum skp_err skd_quota_enter(struct skd_quota *quota,
                             uid_t uid,
                             unsigned max,
                             unsigned max_per_uid)
{
    struct skd_quota_row *row = find_row(quota, uid);

    if (quota->n_open >= max) {
        quota->n_over_max++;
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (max_per_uid == 0 || (row != NULL && row->n_open >= max_per_uid)) {
        quota->n_over_max_per_uid++;
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
    if (row->n_open == 0 && skd_rate_is_full(row->rate, 0)) {
        drop_row(quota, row);
    }
}

struct skd_rate *skd_quota_rate(const struct skd_quota *quota, uid_t uid)
{
    struct skd_quota_row *row = find_row(quota, uid);

    skp_assert(row != NULL && row->n_open > 0);
    return row->rate;
}

void skd_quota_forget(struct skd_quota *quota, uint64_t now_ms)
{
    for (size_t i = quota->n_rows; i > 0; i--) {
        struct skd_quota_row *row = &quota->rows[i - 1];

        if (row->n_open == 0 && skd_rate_is_full(row->rate, now_ms)) {
            drop_row(quota, row);
        }
    }
}

void skd_quota_done(struct skd_quota *quota)
{
    while (quota->n_rows > 0) {
        drop_row(quota, &quota->rows[quota->n_rows - 1]);
    }
    free(quota->rows);
    *quota = (struct skd_quota){ 0 };
}
