/* async_finish.h - requests end without the agent's answer, each once. */
#ifndef SKC_ASYNC_FINISH_H
#define SKC_ASYNC_FINISH_H

#include "libclient/async.h"

/* Call back for @request, which has left the queue or is marked as over.  A
 * cancelled one gets that answer whatever @err is; the handle's own get none.
 * @answer  what the agent gave, filled in further here; wiped on return. */
void skc_async_finish_call(const struct skc_async_request *request,
                           struct sidekey_async_answer *answer,
                           enum skp_err err,
                           const char *text);

/* End the request at @i with @err.  It leaves the queue, or, when the agent has
 * seen a part of it, stays to hold the place of its answer. */
void skc_async_finish_one(struct sidekey_async *handle,
                          size_t i,
                          enum skp_err err,
                          const char *text);

/* End all that have waited since @since_ms or longer (UINT64_MAX: all). */
void skc_async_finish_waiting(struct sidekey_async *handle,
                              uint64_t since_ms,
                              enum skp_err err,
                              const char *text);

/* End those that are marked as cancelled. */
void skc_async_finish_cancelled(struct sidekey_async *handle);

/* End those whose deadline has passed at @now_ms; how many. */
size_t skc_async_finish_late(struct sidekey_async *handle, uint64_t now_ms);

#endif /* SKC_ASYNC_FINISH_H */
