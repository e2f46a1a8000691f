/* cpu.h - clocks and cores of the measurements. */
#ifndef SKB_CPU_H
#define SKB_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Monotonic time, and the CPU time of the calling thread. */
uint64_t skb_now_ns(void);
uint64_t skb_thread_cpu_ns(void);

/* CPU time of all threads of @pid so far; 0 when it is not there. */
uint64_t skb_process_cpu_ns(pid_t pid);

/* VmRSS of @pid in bytes; 0 when it cannot be read. */
uint64_t skb_resident(pid_t pid);

/* The same without pages of files, which are the page cache's: of program and
 * libraries, some of which another start maps and another does not, and of
 * memfd_secret, which the kernel counts there. */
uint64_t skb_resident_own(pid_t pid);

/* The same of VmHWM, the most it ever was. */
uint64_t skb_resident_peak(pid_t pid);

/* Which cores a process may use. */
enum skb_cores {
    SKB_CORE_SERVER,    /* the first that we have */
    SKB_CORE_GENERATOR, /* the second; the first again when there is one */
    SKB_CORE_BOTH,
};

/* Pin the calling thread, and what it starts from now on. */
void skb_pin(enum skb_cores cores);

/* How many cores there are for us. */
unsigned skb_cores(void);

/* The processes that ran or waited to, on average of the last minute. */
double skb_load_average(void);

#define SKB_CPU_NAME_MAX 128u

/* What the kernel calls them, as "AMD EPYC 7763", without quotes and
 * backslashes;
 * "" where it does not say. */
void skb_cpu_name(char ret[SKB_CPU_NAME_MAX]);

#endif /* SKB_CPU_H */
