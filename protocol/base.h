/* base.h - the few macros that every file may use.
 *
 * These four may hide control flow or ownership: SKP_MUST_CHECK, SKP_CLEANUP,
 * SKP_TRY and SKP_TAKE.  There will not be a fifth.
 */
#ifndef SKP_BASE_H
#define SKP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/err.h"

#define SKP_CLEANUP(destroy)   __attribute__((cleanup(destroy)))
#define SKP_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define SKP_ARRAY_LEN(array)   (sizeof(array) / sizeof((array)[0]))

/* Eight bytes that are all @byte, for work on eight at a time. */
#define SKP_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Return from the calling function unless @call succeeds. */
#define SKP_TRY(call)                   \
    do {                                \
        enum skp_err try_err_ = (call); \
        if (try_err_ != SKP_ERR_OK) {   \
            return try_err_;            \
        }                               \
    } while (0)

/* Move the pointer out of @var, leaving NULL behind for the cleanup. */
#define SKP_TAKE(var)                  \
    __extension__({                    \
        __typeof__(var) take_ = (var); \
        (var) = NULL;                  \
        take_;                         \
    })

/* For our own mistakes only; stays on in release builds.  Never used on what
 * came from a socket, a file or a server. */
#define skp_assert(condition)                                  \
    do {                                                       \
        if (!(condition)) {                                    \
            skp_assert_failed(#condition, __FILE__, __LINE__); \
        }                                                      \
    } while (0)

/* Print the place of the broken assumption to stderr and abort. */
__attribute__((noreturn)) void
skp_assert_failed(const char *condition, const char *file, int line);

#endif /* SKP_BASE_H */
