/* texts.h - many short texts, kept together and freed together.
 *
 * An allocation for each would double what they take.  Texts never move.
 */
#ifndef SKD_TEXTS_H
#define SKD_TEXTS_H

#include "protocol/bytes.h"

/* Open, so that it can be embedded.  Zeroed is empty. */
struct skd_texts {
    struct skd_text_block *newest;
    size_t block_len; /* bytes that the next block is made for, at least */
};

/* Copy @len bytes and put a NUL behind them, which logs are glad of.  *ret is
 * borrowed from @texts.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err skd_texts_keep(struct skd_texts *texts,
                                           const char *text,
                                           size_t len,
                                           const char **ret);

/* Free all texts; empty afterwards. */
void skd_texts_done(struct skd_texts *texts);

#endif /* SKD_TEXTS_H */
