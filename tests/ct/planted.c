/* planted.c - code that shows a secret; see planted.h. */
#include "tests/ct/planted.h"

#include <string.h>

#include "protocol/limits.h"

static int compare_plainly(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, SKP_KEY_LEN);
}

static unsigned look_up(const uint8_t *secret)
{
    static const uint8_t table[256] = { 9, 8, 7 };

    return table[secret[0]];
}

static unsigned branch(const uint8_t *secret)
{
    static volatile unsigned n_taken;

    if ((secret[3] & 1u) != 0) {
        n_taken++;
    }
    return n_taken;
}

/* A comparison that ends at the first difference. */
static bool compare_in_loop(const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < SKP_KEY_LEN; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static volatile unsigned sink;

void skt_run_planted(int which, const uint8_t *secret, const uint8_t *other)
{
    switch (which) {
    case 0:
        sink = (unsigned)compare_plainly(secret, other);
        break;
    case 1:
        sink = look_up(secret);
        break;
    case 2:
        sink = branch(secret);
        break;
    default:
        sink = compare_in_loop(secret, other) ? 1 : 0;
        break;
    }
}
