/* async_answer.h - what the agent says, taken to those who asked. */
#ifndef SKC_ASYNC_ANSWER_H
#define SKC_ASYNC_ANSWER_H

#include "libclient/async.h"

/* Handle the first message that was received: an answer ends the oldest
 * request.  Bytes that are no right message end the connection.  False when no
 * whole message is there (any more). */
bool skc_async_answer_next(struct sidekey_async *handle);

#endif /* SKC_ASYNC_ANSWER_H */
