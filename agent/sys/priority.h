/* priority.h - work that can wait, beside work that cannot. */
#ifndef SKD_PRIORITY_H
#define SKD_PRIORITY_H

/* How nice a thread is that can wait: where it shares a full core with one
 * thread of nice 0 that cannot, it still gets a tenth of it. */
#define SKD_PRIORITY_NICE 10

/* Let the calling thread wait for others from now on; without privileges there
 * is no way back.  Where the kernel refuses it, or an operator has made the
 * agent as nice or nicer, all stays as it is. */
void skd_priority_lower(void);

#endif /* SKD_PRIORITY_H */
