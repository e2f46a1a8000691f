/* sweep.h - where memory goes that is no longer needed.
 *
 * What is large and nobody holds is freed in the pool, see store/retired.h.
 * What is free goes back to the kernel: what thousands of clients took, and
 * what a refresh did, is in the middle of the heap, from where only a look
 * through all of it gives it back.  That is worth it when something was freed.
 *
 * Both come a moment later.  After a publish the workers still hold the former
 * snapshot, and with few cores whoever wipes and unmaps it would stand in the
 * way of the very requests that the new one answers first.
 *
 * Thread:   main loop.
 */
#ifndef SKD_SWEEP_H
#define SKD_SWEEP_H

#include <uv.h>

#include "protocol/base.h"

/* Later than any worker takes over what is served. */
#define SKD_SWEEP_AFTER_MS 100u

/* Open, so that it can be embedded; zeroed before skd_sweep_open. */
struct skd_sweep {
    uv_async_t async;
    uv_timer_t timer; /* until the work begins */
    uv_work_t work;
    bool is_working;
    bool is_wanted; /* once more, when the work has ended */
    uint64_t n_released;
};

/* Start on @loop, before there is a snapshot or a thread.  False: no
 * descriptors. */
bool skd_sweep_open(struct skd_sweep *sweep, uv_loop_t *loop);

/* Sweep, and give free memory back, if @n_released (skd_server_released) says
 * that something was freed since the last call. */
void skd_sweep_note(struct skd_sweep *sweep, uint64_t n_released);

/* Sweep what is left and end, once nobody else has a snapshot; the loop is to
 * run once more. */
void skd_sweep_close(struct skd_sweep *sweep);

#endif /* SKD_SWEEP_H */
