/* coordinator.h - the list source of remote mode: reads the whole tenant list
 * from a Coordinator.
 *
 * A Coordinator is whatever serves the document of coordinator_page.h, a static
 * file server included.  A list is one or more pages, each naming the next, all
 * with one revision; it is taken whole or not at all.
 *
 *  - `next` may be relative or absolute, but stays on the origin of its page;
 *    one that leads back to a page already read is refused.
 *  - When every page of the list that was published last had an ETag, each is
 *    asked for with If-None-Match.  Only if all answer 304 is the list
 *    unchanged; a mixture is read again from the start without conditions, so
 *    that no old page is ever combined with a new one.
 *  - A file:// page has no ETag and is parsed every time.
 *  - Redirects are not followed.  Retry-After counts for 429 and 503.
 *
 * Made by skd_source_coordinator_new of sources.h.
 */
#ifndef SKD_COORDINATOR_H
#define SKD_COORDINATOR_H

#include "agent/source/sources.h"

/* Pages of one list: a chain of empty pages has to end somewhere. */
#define SKD_LIST_PAGES_MAX 10000u
/* Bytes of a token file. */
#define SKD_TOKEN_MAX 65536u

#endif /* SKD_COORDINATOR_H */
