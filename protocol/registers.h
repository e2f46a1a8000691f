/* registers.h - what a copy leaves in the vector registers.
 *
 * memcpy, AES and SHA move bytes through the vector registers, and a thread
 * that then waits in the kernel keeps them there for as long as it waits: a
 * debugger or a core of the process shows them.
 *
 * Thread:   any; only the calling thread's registers.
 * Secrets:  skp_wipe calls this, so whoever wipes what he copied is done.
 */
#ifndef SKP_REGISTERS_H
#define SKP_REGISTERS_H

/* Clear every vector register that the ABI lets a function change: all of them
 * on x86-64, on AArch64 all but the lower halves of v8 to v15.  Does nothing on
 * other processors. */
void skp_registers_clear(void);

#endif /* SKP_REGISTERS_H */
