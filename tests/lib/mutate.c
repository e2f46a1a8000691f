/* mutate.c - every small damage to a message; see mutate.h. */
#include "tests/lib/mutate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/suite.h"

typedef void check_fn(void *state, const struct skt_mutant *mutant);

static uint8_t *copy(const uint8_t *bytes, size_t len, size_t size)
{
    uint8_t *made = malloc(size == 0 ? 1 : size);

    ck_assert_ptr_nonnull(made);
    if (len > 0) {
        memcpy(made, bytes, len);
    }
    return made;
}

static void change_bytes(struct skp_view good, check_fn *check, void *state)
{
    static const uint8_t values[] = { 0x00, 0x7f, 0x80, 0xff };
    uint8_t *bytes = copy(good.ptr, good.len, good.len);
    struct skt_mutant mutant = { { bytes, good.len }, "bit", 0 };

    for (size_t bit = 0; bit < 8 * good.len; bit++) {
        mutant.at = bit;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check(state, &mutant);
        bytes[bit / 8] = good.ptr[bit / 8];
    }
    mutant.kind = "byte";
    for (size_t i = 0; i < good.len * sizeof values; i++) {
        size_t at = i / sizeof values;

        mutant.at = at;
        bytes[at] = values[i % sizeof values];
        if (bytes[at] != good.ptr[at]) {
            check(state, &mutant);
        }
        bytes[at] = good.ptr[at];
    }
    free(bytes);
}

static void cut_ends(struct skp_view good, check_fn *check, void *state)
{
    for (size_t len = 0; len < good.len; len++) {
        uint8_t *head = copy(good.ptr, len, len);
        uint8_t *tail = copy(good.ptr + good.len - len, len, len);
        struct skt_mutant cut_end = { { head, len }, "cut end", len };
        struct skt_mutant cut_front = { { tail, len }, "cut front", len };

        check(state, &cut_end);
        check(state, &cut_front);
        free(head);
        free(tail);
    }
}

static void lengthen(struct skp_view good, check_fn *check, void *state)
{
    uint8_t *longer = copy(good.ptr, good.len, good.len + 1);
    struct skt_mutant mutant = { { longer, good.len + 1 }, "longer", good.len };

    longer[good.len] = 0;
    check(state, &mutant);
    free(longer);
}

void skt_mutate(struct skp_view good,
                void (*check)(void *state, const struct skt_mutant *mutant),
                void *state)
{
    change_bytes(good, check, state);
    cut_ends(good, check, state);
    lengthen(good, check, state);
}
