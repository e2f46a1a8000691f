/* lock_budget.h - whether the agent may lock the memory that it needs. */
#ifndef SKD_LOCK_BUDGET_H
#define SKD_LOCK_BUDGET_H

#include <stddef.h>

#include "protocol/diag.h"

/* Locked memory that @n_workers serving threads and a small refresh need, in
 * bytes, beside what is held already. */
size_t skd_lock_budget(unsigned n_workers);

/* Lock @needed bytes, to see that the kernel allows it, and give them back.
 *   SKP_ERR_RESOURCE_EXHAUSTED  it does not; @diag names the limit and how much
 *                               is needed. */
SKP_MUST_CHECK enum skp_err skd_lock_budget_check(size_t needed,
                                                  struct skp_diag *diag);

#endif /* SKD_LOCK_BUDGET_H */
