/* building.h - a chain of snapshots, each built of answers and the one before.
 */
#ifndef SKT_BUILDING_H
#define SKT_BUILDING_H

#include "agent/refresh/build.h"
#include "tests/lib/source_fake.h"

/* One chain of refreshes: each step builds upon the last snapshot. */
struct skt_chain {
    struct skd_refresh_rules rules;
    struct skd_build_input input;
    struct skd_snapshot *snapshot;
    struct skd_build last; /* its events are copied to kinds */
    size_t n_of_kind[SKD_EVENT_COUNT];
    uint64_t now_ms;
};

/* Without a snapshot; rules and input may be changed before any step. */
struct skt_chain skt_chain_begin(void);
void skt_chain_end(struct skt_chain *chain);

/* A second later, build of @n @answers. */
void skt_chain_step(struct skt_chain *chain,
                    const struct skt_answer *answers,
                    size_t n);

/* One step with one tenant "t" of which @said is said, and key @key unless
 * 0. */
void skt_chain_step_one(struct skt_chain *chain,
                        enum skd_said said,
                        uint8_t key);

/* The row of @id as it is served; good until the next call. */
const struct skd_tenant *skt_chain_find(const struct skt_chain *chain,
                                        const char *id);

/* The number of key @nth of "t", its generation as a second result. */
uint8_t skt_chain_key(const struct skt_chain *chain,
                      size_t nth,
                      uint64_t *ret_generation);

/* Assert what key @nth of "t" is, and how many it has. */
void skt_chain_expect(const struct skt_chain *chain,
                      size_t nth,
                      uint8_t key,
                      uint64_t gen);
void skt_chain_expect_n(const struct skt_chain *chain, uint32_t n);

#endif /* SKT_BUILDING_H */
