/* sim.c - runs schedules, and shows the one that failed; see sim.h.
 *
 *     SIM_SEED=N       that schedule alone, with its trace
 *     SIM_SCHEDULES=N  so many (10000)
 *     SIM_FROM=N       the first seed; otherwise chance says where to begin
 *     SIM_JOBS=N       side by side in so many processes (1)
 *
 * Schedules run in children, so that a crash has a seed as well.
 */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/seeds.h"

#define JOBS_MAX 64u

/* What a child tells its parent, also when it dies. */
struct progress {
    pid_t pid;
    _Atomic uint64_t seed;
    _Atomic uint64_t n_done;
};

static const struct {
    uint64_t seed;
    const char *name;
} known[] = {
#define KNOWN(seed, name) { (seed), #name },
    SIM_SEED_MAP(KNOWN)
#undef KNOWN
};

static uint64_t read_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* True when the schedule of @seed ends well in a process of its own. */
static bool runs_well(uint64_t seed, bool is_traced)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        sim_schedule_run(seed, is_traced);
        exit(EXIT_SUCCESS);
    }
    (void)waitpid(pid, &status, 0);
    if (is_traced && WIFSIGNALED(status)) {
        (void)fprintf(stderr, "FAILED: signal %d\n", WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void show_failure(uint64_t seed)
{
    (void)fprintf(stderr, "schedule %" PRIu64 " failed:\n", seed);
    if (runs_well(seed, true)) {
        (void)fprintf(stderr, "... and not when it ran alone\n");
    }
    (void)fprintf(stderr, "again: SIM_SEED=%" PRIu64 " make sim\n", seed);
}

/* A child: every @stride-th seed from @from on. */
static void
run_share(struct progress *progress, uint64_t from, uint64_t n, uint64_t stride)
{
    for (uint64_t i = 0; i < n; i += stride) {
        atomic_store(&progress->seed, from + i);
        sim_schedule_run(from + i, false);
        atomic_fetch_add(&progress->n_done, 1);
    }
    exit(EXIT_SUCCESS);
}

static void
start(struct progress *all, size_t n_jobs, uint64_t from, uint64_t n)
{
    for (size_t i = 0; i < n_jobs; i++) {
        uint64_t share = n > i ? n - i : 0;
        pid_t pid = fork();

        if (pid == 0) {
            run_share(&all[i], from + i, share, n_jobs);
        }
        all[i].pid = pid;
    }
}

static uint64_t count_done(struct progress *all, size_t n_jobs)
{
    uint64_t n = 0;

    for (size_t i = 0; i < n_jobs; i++) {
        n += atomic_load(&all[i].n_done);
    }
    return n;
}

/* Wait for all; returns the number that failed. */
static unsigned wait_for_all(struct progress *all, size_t n_jobs, uint64_t n)
{
    unsigned n_failed = 0;
    size_t n_left = n_jobs;
    uint64_t tenths = 0;

    while (n_left > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        for (size_t i = 0; pid > 0 && i < n_jobs; i++) {
            if (all[i].pid == pid) {
                n_left--;
                if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                    n_failed++;
                    show_failure(atomic_load(&all[i].seed));
                }
            }
        }
        if (n >= 100000 && 10 * count_done(all, n_jobs) / n > tenths) {
            tenths = 10 * count_done(all, n_jobs) / n;
            (void)fprintf(stderr, "%" PRIu64 "0 %%\n", tenths);
        }
        if (pid <= 0) {
            (void)usleep(20000);
        }
    }
    return n_failed;
}

static unsigned run_known(void)
{
    unsigned n_failed = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(known); i++) {
        if (!runs_well(known[i].seed, false)) {
            (void)fprintf(stderr, "%s: ", known[i].name);
            show_failure(known[i].seed);
            n_failed++;
        }
    }
    return n_failed;
}

static unsigned run_many(void)
{
    uint64_t n = read_number("SIM_SCHEDULES", 10000);
    uint64_t from = read_number("SIM_FROM", (uint64_t)time(NULL) * 1000000u);
    size_t n_jobs = (size_t)read_number("SIM_JOBS", 1);
    struct progress *all =
        mmap(NULL, JOBS_MAX * sizeof *all, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned n_failed;

    skp_assert(all != MAP_FAILED);
    n_jobs = n_jobs < 1 ? 1 : n_jobs > JOBS_MAX ? JOBS_MAX : n_jobs;
    (void)printf("%" PRIu64 " schedules, seeds %" PRIu64 " to %" PRIu64 "\n", n,
                 from, from + n - 1);
    (void)fflush(stdout);
    start(all, n_jobs, from, n);
    n_failed = wait_for_all(all, n_jobs, n);
    (void)printf("%" PRIu64 " schedules ran\n", count_done(all, n_jobs));
    (void)munmap(all, JOBS_MAX * sizeof *all);
    return n_failed;
}

int main(void)
{
    size_t n_tests = SKP_ARRAY_LEN(known) + 1;
    size_t n_failed;

    sim_keys_init();
    if (getenv("SIM_SEED") != NULL) {
        bool is_well = runs_well(read_number("SIM_SEED", 0), true);

        (void)printf("%d passed, %d failed\n", is_well, !is_well);
        return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    n_failed = run_known() + (run_many() > 0);
    (void)printf("%zu passed, %zu failed\n", n_tests - n_failed, n_failed);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
