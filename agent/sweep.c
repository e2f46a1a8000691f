/* sweep.c - what nobody holds is freed in the pool, and what is free goes back;
 * see sweep.h. */
#include "agent/sweep.h"

#include <malloc.h>

#include "agent/store/retired.h"
#include "agent/sys/priority.h"

static void start_work(struct skd_sweep *sweep);

/* ---- back to the kernel -------------------------------------------------- */

/* After a refresh of 100,000 tenants one to three milliseconds, nearly all of
 * them the kernel's; nobody who serves waits for this thread. */
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    (void)malloc_trim(0);
}

static void trim_soon(struct skd_sweep *sweep)
{
    /* Refused while it closes: an agent that stops keeps what it has. */
    (void)uv_timer_start(&sweep->timer, on_timer, SKD_SWEEP_TRIM_MS, 0);
}

void skd_sweep_note(struct skd_sweep *sweep, uint64_t n_released)
{
    if (n_released != sweep->n_released) {
        sweep->n_released = n_released;
        trim_soon(sweep);
    }
}

/* ---- the pool ------------------------------------------------------------ */

/* Nobody waits for it, and it comes right after a swap. */
static void on_work(uv_work_t *work)
{
    (void)work;
    skd_priority_lower();
    skd_retired_sweep();
}

static void on_worked(uv_work_t *work, int status)
{
    struct skd_sweep *sweep = work->data;

    (void)status;
    sweep->is_working = false;
    if (sweep->is_wanted) {
        start_work(sweep);
    } else {
        trim_soon(sweep);
    }
}

static void start_work(struct skd_sweep *sweep)
{
    sweep->is_wanted = false;
    sweep->is_working = true;
    /* Fails only without a callback. */
    (void)uv_queue_work(sweep->async.loop, &sweep->work, on_work, on_worked);
}

static void on_retired(uv_async_t *async)
{
    struct skd_sweep *sweep = async->data;

    if (sweep->is_working) {
        sweep->is_wanted = true;
    } else {
        start_work(sweep);
    }
}

/* Any thread. */
static void wake(void *state)
{
    struct skd_sweep *sweep = state;

    (void)uv_async_send(&sweep->async);
}

/* ---- public -------------------------------------------------------------- */

bool skd_sweep_open(struct skd_sweep *sweep, uv_loop_t *loop)
{
    if (uv_async_init(loop, &sweep->async, on_retired) != 0) {
        return false;
    }
    (void)uv_timer_init(loop, &sweep->timer); /* cannot fail */
    sweep->async.data = sweep;
    sweep->work.data = sweep;
    /* One heap for all threads.  At the end of another than the first a trim
     * leaves what is free, and those who serve allocate nothing that they
     * would have to wait for. */
    (void)mallopt(M_ARENA_MAX, 1);
    skd_retired_defer(wake, sweep);
    return true;
}

void skd_sweep_close(struct skd_sweep *sweep)
{
    skd_retired_defer(NULL, NULL);
    skd_retired_sweep();
    uv_close((uv_handle_t *)&sweep->async, NULL);
    uv_close((uv_handle_t *)&sweep->timer, NULL);
}
