/* cpu.c - clocks and cores of the measurements; see cpu.h. */
#include "tests/bench/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t skb_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t skb_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* The same figure as in /proc/PID/stat, which counts in ticks of 10 ms. */
uint64_t skb_process_cpu_ns(pid_t pid)
{
    clockid_t clock;

    return clock_getcpuclockid(pid, &clock) == 0 ? read_clock(clock) : 0;
}

/* The bytes after @label, as "VmRSS:". */
static uint64_t read_status(pid_t pid, const char *label)
{
    char line[256];
    uint64_t kib = 0;
    FILE *file;

    (void)snprintf(line, sizeof line, "/proc/%d/status", (int)pid);
    file = fopen(line, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, label, strlen(label)) == 0) {
            kib = strtoull(line + strlen(label), NULL, 10);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib * 1024;
}

uint64_t skb_resident(pid_t pid)
{
    return read_status(pid, "VmRSS:");
}

uint64_t skb_resident_own(pid_t pid)
{
    return read_status(pid, "RssAnon:") + read_status(pid, "RssShmem:");
}

uint64_t skb_resident_peak(pid_t pid)
{
    return read_status(pid, "VmHWM:");
}

static cpu_set_t all_cores;
static bool is_known;

static void learn_cores(void)
{
    if (!is_known) {
        (void)sched_getaffinity(0, sizeof all_cores, &all_cores);
        is_known = true;
    }
}

unsigned skb_cores(void)
{
    learn_cores();
    return (unsigned)CPU_COUNT(&all_cores);
}

double skb_load_average(void)
{
    double load = 0.0;

    (void)getloadavg(&load, 1);
    return load;
}

void skb_cpu_name(char ret[SKB_CPU_NAME_MAX])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");

    ret[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           sscanf(line, "model name : %127[^\"\\\n]", ret) != 1) {
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

/* The @nth core that we may use, counted round and round. */
static size_t find_core(unsigned nth)
{
    size_t core = 0;

    nth %= skb_cores();
    for (;; core++) {
        if (CPU_ISSET(core, &all_cores) && nth-- == 0) {
            return core;
        }
    }
}

void skb_pin(enum skb_cores cores)
{
    cpu_set_t set;

    learn_cores();
    CPU_ZERO(&set);
    CPU_SET(find_core(cores == SKB_CORE_GENERATOR ? 1 : 0), &set);
    if (cores == SKB_CORE_BOTH) {
        CPU_SET(find_core(1), &set);
    }
    (void)sched_setaffinity(0, sizeof set, &set);
}
