/* client_totals.c - the public call for what the agent has done; see
 * sidekey.h. */
#include <stddef.h>
#include <string.h>

#include "libclient/client.h"
#include "libclient/client_admin.h"
#include "libclient/deadline.h"

/* What the first version of the struct had; it only grows. */
#define SIZE_MIN                                        \
    (offsetof(struct sidekey_agent_totals, n_workers) + \
     sizeof(((struct sidekey_agent_totals *)NULL)->n_workers))

struct reading {
    struct sidekey_agent_status *status; /* NULL: not wanted */
    struct sidekey_agent_totals *totals;
};

/* Copy what there is room for; how much that is. */
static size_t
copy_counts(const struct skp_counts *counts, uint64_t *ret, size_t cap)
{
    size_t n = counts->n < cap ? counts->n : cap;

    if (n > 0) {
        memcpy(ret, counts->list, n * sizeof *ret);
    }
    return n;
}

static enum skp_err known_code(size_t number)
{
    const char *name =
        number > SKP_ERR_DATA_LOSS ? "" : skp_err_name((enum skp_err)number);

    return skp_err_from_name(name, strlen(name));
}

static void copy_answered(const struct skp_counts *answered, uint64_t *ret)
{
    for (size_t i = 0; i < answered->n; i++) {
        ret[known_code(i)] += answered->list[i];
    }
}

/* Durations over the last bound that there is room for are longer than it. */
static void
copy_lasted(const struct skp_counts *lasted, size_t n_bounds, uint64_t *ret)
{
    for (size_t i = 0; i < lasted->n; i++) {
        ret[i < n_bounds ? i : n_bounds] += lasted->list[i];
    }
}

static void copy_methods(const struct skp_totals *from,
                         struct sidekey_agent_totals *to)
{
    for (size_t i = 0; i < from->n_requests; i++) {
        const struct skp_requests_row *row = &from->requests[i];
        struct sidekey_method_totals *method = &to->methods[to->n_methods];

        if (to->n_methods == SKP_ARRAY_LEN(to->methods)) {
            return;
        }
        skc_admin_text(row->method, method->method, sizeof method->method);
        copy_answered(&row->answered, method->answered);
        copy_lasted(&row->lasted, to->n_bounds, method->lasted);
        to->n_methods++;
    }
}

static void copy_totals(const struct skp_totals *from,
                        struct sidekey_agent_totals *to)
{
    to->uptime_ms = from->uptime_ms;
    to->n_bounds = copy_counts(&from->bounds_ns, to->bounds_ns,
                               SKP_ARRAY_LEN(to->bounds_ns));
    to->n_workers = copy_counts(&from->workers_us, to->workers_us,
                                SKP_ARRAY_LEN(to->workers_us));
    copy_methods(from, to);
}

/* The caller may know less of the struct than we do, or more. */
static enum skp_err take_reading(const struct skp_response *response,
                                 void *ret,
                                 struct skp_diag *diag)
{
    const struct reading *reading = ret;
    size_t size = reading->totals->size;
    size_t known =
        size < sizeof *reading->totals ? size : sizeof *reading->totals;
    struct sidekey_agent_totals totals = { .size = size };

    if (size < SIZE_MIN) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the size of the totals is not set");
    }
    copy_totals(&response->status->totals, &totals);
    memset(reading->totals, 0, size);
    memcpy(reading->totals, &totals, known);
    if (reading->status != NULL) {
        skc_admin_status(response->status, reading->status);
    }
    return SKP_ERR_OK;
}

enum sidekey_status
sidekey_agent_totals(struct sidekey *handle,
                     uint32_t deadline_ms,
                     struct sidekey_agent_status *ret_status,
                     struct sidekey_agent_totals *ret)
{
    struct reading reading = { ret_status, ret };
    struct skc_call call = {
        .request = { .method = SKP_METHOD_STATUS },
        .deadline_ms = skc_deadline_after(deadline_ms),
        .take = take_reading,
        .ret = &reading,
    };

    return skc_client_call(handle, &call);
}
