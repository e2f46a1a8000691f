/* fault.h - lets one fallible call fail: the first, the second, until a run is
 * clean.
 *
 *     SKT_FAULT_SWEEP(fault) {          declares fault.nth, counts it up
 *         skt_fault_arm(&fault);
 *         err = skd_thing_new(&thing);
 *         skt_fault_disarm(&fault);
 *         ck_assert(err != SKP_ERR_OK || skt_fault_is_harmless(&fault));
 *     }
 *
 * The linker hands the calls over (--wrap, FAULT_WRAP in the Makefile), in the
 * suites test_sweep_*.c only.  What libuv allocates counts as well.  Arm
 * tightly around the call: check is a static library, and its own allocations
 * come by here.
 *
 * Thread:   calls of all threads count while armed.
 */
#ifndef SKT_FAULT_H
#define SKT_FAULT_H

#include <stdbool.h>
#include <stddef.h>

struct skt_fault {
    unsigned nth;      /* the call that is to fail; 1 is the first */
    bool was_reached;  /* after disarm: it was made, and failed */
    const char *name;  /* of that call: "malloc" */
    unsigned n_faults; /* so far */
};

/* Run the block with nth = 1, 2, ... until the call was not made any more. */
#define SKT_FAULT_SWEEP(fault)                                           \
    for (struct skt_fault fault = { 1, true, "", 0 }; fault.was_reached; \
         fault.nth++)

/* Make libuv allocate through this; once, before its first use. */
void skt_fault_init(void);

/* From here to the disarm call number fault->nth fails. */
void skt_fault_arm(const struct skt_fault *fault);
void skt_fault_disarm(struct skt_fault *fault);

/* Calls in between do not count: those of a scripted server, say. */
void skt_fault_pause(void);
void skt_fault_resume(void);

/* From here on the kernel has no memfd_secret, as many have not: what the agent
 * does then is swept, too. */
void skt_fault_deny_memfd_secret(void);

/* Bytes of pages mapped and not given back: leak checkers do not see those. */
size_t skt_fault_mapped(void);

/* True when no call failed, or one that the agent does without: the better kind
 * of locked memory (memfd_secret), or a wish of the kernel. */
bool skt_fault_is_harmless(const struct skt_fault *fault);

#endif /* SKT_FAULT_H */
