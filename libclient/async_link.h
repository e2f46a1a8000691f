/* async_link.h - the connection of an async handle: made, lost, made again.
 *
 * A lost descriptor is retired, not closed: the caller's loop may watch it
 * still.  It is closed in the turn after the caller was shown another
 * generation, and no connection is made before that.
 */
#ifndef SKC_ASYNC_LINK_H
#define SKC_ASYNC_LINK_H

#include "libclient/async.h"

/* Close the retired descriptor if the caller knows that it is. */
void skc_async_link_release(struct sidekey_async *handle);

/* True when a connection is missed: there are requests, or a watch. */
bool skc_async_link_is_wanted(const struct sidekey_async *handle);

/* Connect if that is wanted and it is time.  A failure is remembered, and ends
 * the requests that have waited for too long. */
void skc_async_link_connect(struct sidekey_async *handle);

/* The connection broke, or is not trusted any more: keep what may be repeated
 * for the next one and end the rest with SKP_ERR_UNAVAILABLE and @text. */
void skc_async_link_lose(struct sidekey_async *handle, const char *text);

/* The agent gave a right answer. */
void skc_async_link_note_answer(struct sidekey_async *handle);

#endif /* SKC_ASYNC_LINK_H */
