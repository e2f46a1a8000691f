/* cmd_top.c - sidekey top: the agent at work, again and again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/cli/cli_screen.h"
#include "libclient/cli/cli_top.h"
#include "libclient/cli/commands.h"
#include "libclient/deadline.h"

#define INTERVAL_MS     1000u
#define INTERVAL_MIN_MS 100u
#define COUNT_MAX       1000000000u

/* A run. */
struct run {
    struct skc_cli *cli;
    uint32_t interval_ms;
    unsigned count; /* frames; 0: until somebody ends it */
    struct skc_reading readings[2];
    unsigned n_readings; /* the last is in readings[(n_readings - 1) % 2] */
    struct skc_rates rates;
    struct skc_top top;
    char silence[512];
};

/* ---- options --------------------------------------------------------------
 */

static enum skp_err read_count(const char *text, unsigned *ret)
{
    char *end = NULL;
    unsigned long n;

    errno = 0;
    n = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
        n == 0 || n > COUNT_MAX) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = (unsigned)n;
    return SKP_ERR_OK;
}

static int read_options(struct run *run)
{
    const struct skc_args *args = &run->cli->args;

    if (args->interval != NULL &&
        (skc_cli_options_duration(args->interval, &run->interval_ms) !=
             SKP_ERR_OK ||
         run->interval_ms < INTERVAL_MIN_MS)) {
        return skc_cli_misuse(run->cli,
                              "--interval %s: no time such as 2 or 250ms, of "
                              "100ms or more",
                              args->interval);
    }
    if (args->count != NULL &&
        read_count(args->count, &run->count) != SKP_ERR_OK) {
        return skc_cli_misuse(run->cli, "--count %s: no number from 1 on",
                              args->count);
    }
    return SKC_EXIT_OK;
}

/* ---- readings -------------------------------------------------------------
 */

static void take_reading(struct run *run, const struct skc_reading *before)
{
    struct skc_top *top = &run->top;

    top->reading = &run->readings[run->n_readings++ % 2];
    top->rates = &run->rates;
    top->silence = NULL;
    skc_rates_between(before, top->reading, &run->rates);
    if (run->rates.kind == SKC_RATES_RESTART) {
        top->n_restarts++;
        top->restarted_at_s = top->now_s;
    }
}

static void note_silence(struct run *run)
{
    struct skc_top *top = &run->top;

    (void)snprintf(run->silence, sizeof run->silence, "%s",
                   sidekey_error_text(run->cli->handle));
    if (top->silence == NULL) {
        top->silent_since_s = top->now_s;
    }
    top->silence = run->silence;
}

/* Ask the agent once.  One that goes away after its first answer is waited for:
 * that it comes back is what one looks at. */
static enum sidekey_status ask(struct run *run)
{
    struct skc_reading *next = &run->readings[run->n_readings % 2];
    const struct skc_reading *before =
        run->n_readings == 0 ? NULL : run->top.reading;
    enum sidekey_status status;

    next->totals.size = sizeof next->totals;
    status = sidekey_agent_totals(run->cli->handle, run->cli->timeout_ms,
                                  &next->status, &next->totals);
    run->top.now_s = run->cli->streams.now_s();
    if (status == SIDEKEY_OK) {
        take_reading(run, before);
        return SIDEKEY_OK;
    }
    if (before != NULL && (status == SIDEKEY_UNAVAILABLE ||
                           status == SIDEKEY_DEADLINE_EXCEEDED)) {
        note_silence(run);
        return SIDEKEY_OK;
    }
    return status;
}

/* ---- frames ---------------------------------------------------------------
 */

static void print_frame(const struct run *run, FILE *out)
{
    const struct skc_pen pen = { out, run->cli->streams.is_coloured };

    skc_top_print(&pen, &run->top);
}

static bool draw(const struct run *run)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool is_drawn;

    if (out == NULL) {
        return false;
    }
    print_frame(run, out);
    is_drawn = fclose(out) == 0 && skc_screen_draw(text, "q quits");
    free(text);
    return is_drawn;
}

static bool show(const struct run *run, unsigned n_before)
{
    FILE *out = run->cli->streams.out;

    if (run->cli->streams.is_screen) {
        return draw(run);
    }
    if (n_before > 0) {
        (void)fputc('\n', out);
    }
    print_frame(run, out);
    return fflush(out) == 0;
}

/* False when it is to end. */
static bool wait_until(const struct run *run, uint64_t deadline_ms)
{
    enum skc_wake wake = SKC_WAKE_TIME;

    if (!run->cli->streams.is_screen) {
        skc_deadline_sleep(skc_deadline_left(deadline_ms));
        return true;
    }
    do {
        if (wake == SKC_WAKE_REDRAW && !draw(run)) {
            return false;
        }
        wake = skc_screen_wait(deadline_ms);
    } while (wake == SKC_WAKE_REDRAW);
    return wake == SKC_WAKE_TIME;
}

/* After a slow answer the next question keeps its distance. */
static uint64_t next_after(uint64_t due_ms, uint32_t interval_ms)
{
    uint64_t now_ms = skc_deadline_now_ms();

    due_ms += interval_ms;
    return due_ms > now_ms ? due_ms : now_ms + interval_ms;
}

static enum sidekey_status watch(struct run *run)
{
    uint64_t due_ms = skc_deadline_now_ms();
    enum sidekey_status status = SIDEKEY_OK;

    for (unsigned n = 0; status == SIDEKEY_OK && show(run, n); n++) {
        due_ms = next_after(due_ms, run->interval_ms);
        if (n + 1 == run->count || !wait_until(run, due_ms)) {
            break;
        }
        status = ask(run);
    }
    return status;
}

/* The last frame stays to be seen when it was the last of so many. */
static enum sidekey_status watch_on_screen(struct run *run)
{
    enum sidekey_status status;

    skc_screen_open(run->cli->streams.in_fd, fileno(run->cli->streams.out));
    status = watch(run);
    skc_screen_close();
    if (status == SIDEKEY_OK && run->count > 0) {
        print_frame(run, run->cli->streams.out);
    }
    return status;
}

static int run_top(struct run *run)
{
    enum sidekey_status status;
    int code = read_options(run);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    code = skc_cli_connect(run->cli);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = ask(run);
    if (status == SIDEKEY_OK) {
        status =
            run->cli->streams.is_screen ? watch_on_screen(run) : watch(run);
    }
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(run->cli, NULL, status);
    }
    return run->count > 0 && run->top.silence != NULL ? SKC_EXIT_UNAVAILABLE
                                                      : SKC_EXIT_OK;
}

int skc_cmd_top(struct skc_cli *cli)
{
    struct run *run = calloc(1, sizeof *run);
    int code;

    if (run == NULL) {
        return skc_cli_fail(cli, NULL, SKP_ERR_RESOURCE_EXHAUSTED, NULL);
    }
    run->cli = cli;
    run->interval_ms = INTERVAL_MS;
    code = run_top(run);
    free(run);
    return code;
}
