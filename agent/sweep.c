/* sweep.c - what nobody holds is freed in the pool, and what is free goes back;
 * see sweep.h. */
#include "agent/sweep.h"

#include <malloc.h>

#include "agent/store/retired.h"
#include "agent/sys/priority.h"

/* Larger blocks are mappings of their own, and go back when they are freed, by
 * whom they are freed: a trim has less to do.  Without a word from us the C
 * library would raise this with each of them. */
#define LARGE_BLOCK (2 << 20)

/* Nobody waits for it. */
static void on_work(uv_work_t *work)
{
    (void)work;
    skd_priority_lower();
    skd_retired_sweep();
}

static void sweep_soon(struct skd_sweep *sweep);

static void on_worked(uv_work_t *work, int status)
{
    struct skd_sweep *sweep = work->data;

    (void)status;
    sweep->is_working = false;
    /* An agent that stops keeps what it has. */
    if (uv_is_closing((uv_handle_t *)&sweep->timer)) {
        return;
    }
    (void)malloc_trim(0);
    if (sweep->is_wanted) {
        sweep->is_wanted = false;
        sweep_soon(sweep);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct skd_sweep *sweep = timer->data;

    sweep->is_working = true;
    /* Fails only without a callback. */
    (void)uv_queue_work(timer->loop, &sweep->work, on_work, on_worked);
}

static void sweep_soon(struct skd_sweep *sweep)
{
    if (sweep->is_working) {
        sweep->is_wanted = true;
    } else if (!uv_is_active((uv_handle_t *)&sweep->timer)) {
        /* Refused while it closes. */
        (void)uv_timer_start(&sweep->timer, on_timer, SKD_SWEEP_AFTER_MS, 0);
    }
}

static void on_retired(uv_async_t *async)
{
    sweep_soon(async->data);
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
    sweep->timer.data = sweep;
    sweep->work.data = sweep;
    /* One heap for all threads.  At the end of another than the first a trim
     * leaves what is free, and those who serve allocate nothing that they
     * would have to wait for. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    skd_retired_defer(wake, sweep);
    return true;
}

void skd_sweep_note(struct skd_sweep *sweep, uint64_t n_released)
{
    if (n_released != sweep->n_released) {
        sweep->n_released = n_released;
        sweep_soon(sweep);
    }
}

void skd_sweep_close(struct skd_sweep *sweep)
{
    skd_retired_defer(NULL, NULL);
    skd_retired_sweep();
    uv_close((uv_handle_t *)&sweep->async, NULL);
    uv_close((uv_handle_t *)&sweep->timer, NULL);
}
