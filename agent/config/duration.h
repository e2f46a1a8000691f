/* duration.h - durations as Go writes them ("1h30m", "1.5h", "500ms").
 *
 * The configuration is shared with a program written in Go, so whatever its
 * time.ParseDuration takes is taken here, with the same result:
 * https://pkg.go.dev/time#ParseDuration.
 */
#ifndef SKD_DURATION_H
#define SKD_DURATION_H

#include "protocol/bytes.h"

/* Parse a sequence of decimal numbers, each with an optional fraction and a
 * unit (ns, us, µs, ms, s, m, h), with an optional sign in front; or "0".
 * @ret_ns   nanoseconds.
 * @ret_why  on failure: what is wrong, in words without the text itself.
 *   SKP_ERR_INVALID_ARGUMENT  not a duration, or more than 2^63-1 ns. */
SKP_MUST_CHECK enum skp_err
skd_duration_parse(struct skp_view text, int64_t *ret_ns, const char **ret_why);

/* Milliseconds of @ns (0 or more), rounded up: what is more than nothing stays
 * more than nothing. */
uint64_t skd_duration_to_ms(int64_t ns);

#endif /* SKD_DURATION_H */
