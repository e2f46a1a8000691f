/* brake.h - when a tenant list is too small to be believed.
 *
 * A list that was cut, or an empty one of a Coordinator that has just been set
 * up anew, must not take the keys of everybody away.  Pure.
 */
#ifndef SKD_BRAKE_H
#define SKD_BRAKE_H

#include <stdbool.h>
#include <stddef.h>

/* That many consecutive lists must lack a tenant before it goes although the
 * brake holds. */
#define SKD_BRAKE_LISTS 3u

/* So many may always go, unless they are all. */
#define SKD_BRAKE_FREE 3u

/* True when a list that lacks @n_absent of @n_known tenants (n_absent of them
 * at most) is held back: it would remove every one, or more than @share of
 * them and more than SKD_BRAKE_FREE.  An empty list removes every one. */
bool skd_brake_holds(size_t n_known, size_t n_absent, double share);

/* True when a tenant that @n_lists consecutive lists lacked goes all the
 * same. */
bool skd_brake_lets_through(unsigned n_lists);

#endif /* SKD_BRAKE_H */
