/* building.c - see building.h. */
#include "tests/lib/building.h"

#include <string.h>

#include "tests/lib/suite.h"

struct skt_chain skt_chain_begin(void)
{
    struct skt_chain chain = {
        .rules = { .update_period_ms = 1000,
                   .keep_generations = 4,
                   .removal_brake = 0.2 },
        .input = { .counts = true },
        .now_ms = 1000,
    };

    return chain;
}

void skt_chain_end(struct skt_chain *chain)
{
    skd_snapshot_unref(&chain->snapshot);
}

void skt_chain_step(struct skt_chain *chain,
                    const struct skt_answer *answers,
                    size_t n)
{
    struct skd_material *material = skt_material(answers, n);
    struct skd_build_input input = chain->input;
    struct skd_build build;
    struct skp_diag diag = { "" };

    chain->now_ms += 1000;
    input.material = material;
    input.old = chain->snapshot;
    input.rules = &chain->rules;
    input.asked_ms = chain->now_ms;
    input.asked_s = (int64_t)chain->now_ms / 1000;
    skt_ok(skd_build(&input, &build, &diag));
    memset(chain->n_of_kind, 0, sizeof chain->n_of_kind);
    for (size_t i = 0; i < build.events.n; i++) {
        chain->n_of_kind[build.events.list[i].kind]++;
    }
    chain->last = build;
    skd_snapshot_unref(&chain->snapshot);
    chain->snapshot = SKP_TAKE(build.snapshot);
    skd_build_done(&build);
    skd_material_free(&material);
}

void skt_chain_step_one(struct skt_chain *chain,
                        enum skd_said said,
                        uint8_t key)
{
    const struct skt_answer answer = {
        .tenant = "t", .said = said, .keys = { key }, .is_private = true
    };

    skt_chain_step(chain, &answer, 1);
}

const struct skd_tenant *skt_chain_find(const struct skt_chain *chain,
                                        const char *id)
{
    static struct skd_tenant row;
    const struct skd_tenant *tenant =
        skd_snapshot_find(chain->snapshot, skp_view_of(id));

    if (tenant == NULL) {
        return NULL;
    }
    row = skd_snapshot_row(chain->snapshot, tenant);
    return &row;
}

uint8_t skt_chain_key(const struct skt_chain *chain,
                      size_t nth,
                      uint64_t *ret_generation)
{
    struct skd_key key =
        skd_snapshot_key(chain->snapshot, skt_chain_find(chain, "t"), nth);

    *ret_generation = key.generation;
    return key.private_key[0];
}

void skt_chain_expect(const struct skt_chain *chain,
                      size_t nth,
                      uint8_t key,
                      uint64_t gen)
{
    uint64_t generation = 0;

    ck_assert_uint_eq(skt_chain_key(chain, nth, &generation), key);
    ck_assert_uint_eq(generation, gen);
}

void skt_chain_expect_n(const struct skt_chain *chain, uint32_t n)
{
    ck_assert_uint_eq(skt_chain_find(chain, "t")->n_keys, n);
}
