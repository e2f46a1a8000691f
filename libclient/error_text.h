/* error_text.h - the words of a thread's last failure, per handle.
 *
 * A thread keeps the words of the four handles it used last, in thread-local
 * memory: nothing to free when a thread or a handle ends, and no lock.  Handles
 * are told apart by serial numbers, which are never used twice.
 */
#ifndef SKC_ERROR_TEXT_H
#define SKC_ERROR_TEXT_H

#include "protocol/diag.h"

/* A number for a new handle; never 0. */
uint64_t skc_error_text_serial(void);

/* Keep @text (cut at SKP_DIAG_MAX - 1 bytes) for the calling thread. */
void skc_error_text_set(uint64_t serial, const char *text);

/* What the calling thread kept for @serial; "" for nothing. */
const char *skc_error_text_get(uint64_t serial);

#endif /* SKC_ERROR_TEXT_H */
