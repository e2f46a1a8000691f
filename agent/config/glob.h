/* glob.h - patterns for paths whose parts are separated by slashes.
 *
 *     *   any characters but a slash
 *     **  any characters
 *     ?   one character, no slash
 *
 * Everything else stands for itself.  One star stays within a part, so that
 * a path of somebody's own making does not match what names a part further up.
 *
 * Pure: no allocation, no locale.
 */
#ifndef SKD_GLOB_H
#define SKD_GLOB_H

#include "protocol/bytes.h"

/* True when @pattern stands for the whole of @path. */
bool skd_glob_matches(const char *pattern, struct skp_view path);

#endif /* SKD_GLOB_H */
