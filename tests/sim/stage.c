/* stage.c - libuv's timer and thread pool, taken over by the linker (--wrap);
 * see sim.h.
 *
 * A job stands in the queue, then runs, then waits for its after-callback; the
 * schedule says when it goes on, and while it runs its sources let the main
 * loop have a few steps.  That is what a pool thread looks like from the main
 * loop, without a thread.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/sys/log.h"
#include "tests/sim/sim.h"

int __wrap_uv_queue_work(uv_loop_t *loop,
                         uv_work_t *work,
                         uv_work_cb on_work,
                         uv_after_work_cb on_after);
int __wrap_uv_cancel(uv_req_t *request);
int __wrap_uv_timer_start(uv_timer_t *timer,
                          uv_timer_cb on_timer,
                          uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *timer);
SKP_PRINTF(2, 3)
void __wrap_skd_log(enum skd_log_level level, const char *format, ...);
void __wrap_skd_run_go(struct skd_run *run);
long __wrap_syscall(long number, ...);
void __real_skd_run_go(struct skd_run *run);

int __wrap_uv_queue_work(uv_loop_t *loop,
                         uv_work_t *work,
                         uv_work_cb on_work,
                         uv_after_work_cb on_after)
{
    struct sim *sim = sim_now;

    SIM_CHECK(sim, loop == &sim->loop, "a job for another loop");
    SIM_CHECK(sim, sim->stage.job == SIM_JOB_NONE, "two refreshes at a time");
    sim->stage.job = SIM_JOB_QUEUED;
    sim->stage.work = work;
    sim->stage.on_work = on_work;
    sim->stage.on_after = on_after;
    sim_pace_queued(sim);
    return 0;
}

int __wrap_uv_cancel(uv_req_t *request)
{
    struct sim *sim = sim_now;

    SIM_CHECK(sim, (void *)request == (void *)sim->stage.work,
              "another job is cancelled");
    if (sim->stage.job != SIM_JOB_QUEUED) {
        return UV_EBUSY;
    }
    sim->stage.job = SIM_JOB_CANCELLED;
    return 0;
}

int __wrap_uv_timer_start(uv_timer_t *timer,
                          uv_timer_cb on_timer,
                          uint64_t timeout_ms,
                          uint64_t repeat_ms)
{
    struct sim *sim = sim_now;

    SIM_CHECK(sim, repeat_ms == 0, "the timer repeats");
    sim->stage.is_armed = true;
    sim->stage.due_ms = sim->clock.now_ms + timeout_ms;
    sim->stage.timer = timer;
    sim->stage.on_timer = on_timer;
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer)
{
    (void)timer;
    sim_now->stage.is_armed = false;
    return 0;
}

/* What the core logs is part of the trace. */
void __wrap_skd_log(enum skd_log_level level, const char *format, ...)
{
    char text[SKD_EVENT_TEXT_MAX];
    va_list args;

    (void)level;
    if (sim_now == NULL || !sim_now->is_traced) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sim_trace_say(sim_now, "    log: %s", text);
}

/* memfd_secret alone is called by its number.  It takes the kernel longer than
 * all the rest of a schedule: arenas are made of locked memory here. */
long __wrap_syscall(long number, ...)
{
    (void)number;
    errno = ENOSYS;
    return -1;
}

/* The flags of a run are seen on its way into the pool. */
void __wrap_skd_run_go(struct skd_run *run)
{
    sim_pace_begun(sim_now, run);
    __real_skd_run_go(run);
    SIM_CHECK(sim_now, run->err == sim_now->run.heard.list_err,
              "the run ended with %s: %s", skp_err_name(run->err),
              run->diag.text);
}

static void fire(struct sim *sim)
{
    sim->stage.is_armed = false;
    sim->stage.on_timer(sim->stage.timer);
}

void sim_stage_pass(struct sim *sim, uint64_t ms, bool asleep)
{
    uint64_t until_ms = sim->clock.now_ms + ms;
    struct sim_stage *stage = &sim->stage;

    while (!asleep && stage->is_armed && stage->due_ms <= until_ms) {
        if (stage->due_ms > sim->clock.now_ms) {
            skt_clock_pass(&sim->clock, stage->due_ms - sim->clock.now_ms);
        }
        fire(sim);
    }
    if (until_ms > sim->clock.now_ms) {
        skt_clock_pass(&sim->clock, until_ms - sim->clock.now_ms);
    }
    if (stage->is_armed && stage->due_ms <= sim->clock.now_ms) {
        fire(sim);
    }
}

static void end_job(struct sim *sim, int status)
{
    sim->stage.job = SIM_JOB_NONE;
    sim_pace_ended(sim);
    sim->stage.on_after(sim->stage.work, status);
}

void sim_stage_progress(struct sim *sim)
{
    switch (sim->stage.job) {
    case SIM_JOB_QUEUED:
        sim->stage.job = SIM_JOB_RUNNING;
        sim->stage.on_work(sim->stage.work);
        sim->stage.job = SIM_JOB_DONE;
        break;
    case SIM_JOB_DONE:
        end_job(sim, 0);
        break;
    case SIM_JOB_CANCELLED:
        end_job(sim, UV_ECANCELED);
        break;
    case SIM_JOB_NONE:
    case SIM_JOB_RUNNING:
    default:
        break;
    }
}
