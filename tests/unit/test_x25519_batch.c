/* test_x25519_batch.c - many multiplications at once give what one at a time
 * gives.  Also proves: x25519_avx2.c
 *
 * SKT_X25519_ROUNDS sets how many random multiplications are compared with
 * libsodium's; `make x25519-long` does ten million.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/x25519_avx2.h"
#include "protocol/x25519_batch.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

/* Two times all groups that share a division, and three. */
#define JOBS_MAX       67u
#define ROUNDS_DEFAULT 20000u

struct desk {
    uint8_t private_keys[JOBS_MAX][SKP_KEY_LEN];
    uint8_t points[JOBS_MAX][SKP_KEY_LEN];
    uint8_t results[JOBS_MAX][SKP_KEY_LEN];
    struct skp_x25519_job jobs[JOBS_MAX];
};

static void lay_out(struct desk *desk)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        memset(desk->results[i], 0xa5, SKP_KEY_LEN);
        desk->jobs[i] =
            (struct skp_x25519_job){ desk->private_keys[i], desk->points[i],
                                     desk->results[i], false };
    }
}

static unsigned rounds(void)
{
    const char *text = getenv("SKT_X25519_ROUNDS");

    return text == NULL ? ROUNDS_DEFAULT : (unsigned)strtoul(text, NULL, 10);
}

/* Multiply the first @n and compare each with libsodium's result. */
static void agree(struct desk *desk, size_t n)
{
    skp_x25519_batch(desk->jobs, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t expected[SKP_KEY_LEN] = { 0 };
        bool is_low =
            crypto_scalarmult_curve25519(expected, desk->private_keys[i],
                                         desk->points[i]) != 0;

        if (is_low) {
            memset(expected, 0, sizeof expected);
        }
        skt_bytes_eq((struct skp_view){ desk->results[i], SKP_KEY_LEN },
                     (struct skp_view){ expected, SKP_KEY_LEN });
        ck_assert_int_eq(desk->jobs[i].is_low_order, is_low);
    }
    for (size_t i = n; i < JOBS_MAX; i++) {
        ck_assert_uint_eq(desk->results[i][0], 0xa5); /* not asked for */
    }
}

START_TEST(agrees_with_libsodium_on_random_input)
{
    struct desk desk;
    unsigned n_rounds = rounds();
    unsigned n = 2;

    for (unsigned done = 0; done < n_rounds; done += n) {
        n = n % JOBS_MAX + 1;
        lay_out(&desk);
        randombytes_buf(desk.private_keys, sizeof desk.private_keys);
        randombytes_buf(desk.points, sizeof desk.points);
        agree(&desk, n);
    }
}
END_TEST

START_TEST(does_any_number_of_jobs)
{
    struct desk desk;

    for (size_t n = 0; n <= JOBS_MAX; n++) {
        lay_out(&desk);
        randombytes_buf(desk.private_keys, sizeof desk.private_keys);
        randombytes_buf(desk.points, sizeof desk.points);
        agree(&desk, n);
    }
}
END_TEST

START_TEST(the_base_point_gives_public_keys)
{
    struct desk desk;

    for (size_t n = 1; n <= 9; n++) {
        lay_out(&desk);
        randombytes_buf(desk.private_keys, sizeof desk.private_keys);
        randombytes_buf(desk.points, sizeof desk.points);
        for (size_t i = 0; i < n; i += 2) {
            desk.jobs[i].point = skp_x25519_base;
            memcpy(desk.points[i], skp_x25519_base, SKP_KEY_LEN);
        }
        agree(&desk, n);
    }
}
END_TEST

/* Points around the ends of every limb, around the prime and 2^255, with and
 * without the top bit, and of low order; beside an ordinary neighbour. */
static void set_odd_point(uint8_t point[SKP_KEY_LEN], unsigned kind)
{
    static const uint8_t order_8[SKP_KEY_LEN] = {
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
        0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
        0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00
    };

    memset(point, kind & 1 ? 0xff : 0, SKP_KEY_LEN);
    if (kind < 512) {
        point[kind / 16] ^= (uint8_t)(1u << (kind / 2) % 8);
    } else if (kind < 768) {
        memset(point, 0xff, SKP_KEY_LEN);
        point[0] = (uint8_t)kind;
        point[31] = kind & 2 ? 0x7f : 0xff;
    } else if (kind == 768) {
        memcpy(point, order_8, SKP_KEY_LEN);
    } else {
        memset(point, 0, SKP_KEY_LEN);
        point[0] = (uint8_t)(kind - 769);
    }
}

START_TEST(agrees_on_odd_points_and_scalars)
{
    struct desk desk;

    for (unsigned kind = 0; kind < 780; kind += 3) {
        lay_out(&desk);
        randombytes_buf(desk.private_keys, sizeof desk.private_keys);
        randombytes_buf(desk.points, sizeof desk.points);
        for (unsigned i = 0; i < 3; i++) {
            set_odd_point(desk.points[(kind + i) % 4], kind + i);
        }
        memset(desk.private_keys[kind % 4], kind & 1 ? 0xff : 0, SKP_KEY_LEN);
        agree(&desk, 4);
    }
}
END_TEST

/* Groups that are done together share a division: one by zero would spoil all.
 */
START_TEST(a_point_of_low_order_spoils_no_other)
{
    struct desk desk;

    for (unsigned at = 0; at < 36; at++) {
        lay_out(&desk);
        randombytes_buf(desk.private_keys, sizeof desk.private_keys);
        randombytes_buf(desk.points, sizeof desk.points);
        memset(desk.points[at], 0, SKP_KEY_LEN);
        if (at % 3 == 0) {
            set_odd_point(desk.points[(at + 4) % 36], 768);
        }
        agree(&desk, 36);
        ck_assert(desk.jobs[at].is_low_order);
    }
}
END_TEST

/* RFC 7748 section 5.2: the output is the next scalar, the scalar the next
 * point.  Four lanes at different places of the same walk would go unnoticed
 * if they were exchanged, so each walks alone. */
START_TEST(walks_the_thousand_steps_of_rfc_7748)
{
    struct desk desk;
    struct skp_view expected = skt_hex(
        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");

    lay_out(&desk);
    memset(desk.private_keys, 0, sizeof desk.private_keys);
    memset(desk.points, 0, sizeof desk.points);
    for (size_t i = 0; i < SKP_X25519_LANES; i++) {
        desk.private_keys[i][0] = 9;
        desk.points[i][0] = 9;
    }
    for (unsigned step = 0; step < 1000; step++) {
        skp_x25519_batch(desk.jobs, SKP_X25519_LANES);
        memcpy(desk.points, desk.private_keys, sizeof desk.points);
        memcpy(desk.private_keys, desk.results, sizeof desk.results);
    }
    for (size_t i = 0; i < SKP_X25519_LANES; i++) {
        skt_bytes_eq((struct skp_view){ desk.private_keys[i], SKP_KEY_LEN },
                     expected);
    }
}
END_TEST

/* Wycheproof's cases, four neighbours at a time. */
START_TEST(agrees_with_wycheproof)
{
    const cJSON *json = skt_shared_json("vectors/wycheproof_x25519_test.json");
    const cJSON *group;
    const cJSON *test;
    const cJSON *cases[SKP_X25519_LANES];
    size_t n = 0;
    unsigned n_seen = 0;

    if (json == NULL) {
        return;
    }
    cJSON_ArrayForEach(group, skt_member(json, "testGroups"))
    {
        cJSON_ArrayForEach(test, skt_member(group, "tests"))
        {
            cases[n++] = test;
            if (n == SKP_X25519_LANES) {
                struct desk desk;

                lay_out(&desk);
                for (size_t i = 0; i < n; i++) {
                    memcpy(desk.private_keys[i],
                           skt_hex_of(cases[i], "private").ptr, SKP_KEY_LEN);
                    memcpy(desk.points[i], skt_hex_of(cases[i], "public").ptr,
                           SKP_KEY_LEN);
                }
                skp_x25519_batch(desk.jobs, n);
                for (size_t i = 0; i < n; i++) {
                    skt_bytes_eq(
                        (struct skp_view){ desk.results[i], SKP_KEY_LEN },
                        skt_hex_of(cases[i], "shared"));
                }
                n_seen += (unsigned)n;
                n = 0;
            }
        }
    }
    ck_assert_uint_ge(n_seen, 500);
}
END_TEST

START_TEST(uses_the_lanes_where_the_cpu_has_them)
{
    ck_assert_str_eq(skp_x25519_batch_kind(),
                     skp_x25519_avx2_works() ? "avx2" : "libsodium");
    ck_assert_uint_eq(skp_x25519_batch_least(),
                      skp_x25519_avx2_works() ? 2 : SIZE_MAX);
}
END_TEST

SKT_SUITE("x25519_batch",
          agrees_with_libsodium_on_random_input,
          does_any_number_of_jobs,
          the_base_point_gives_public_keys,
          agrees_on_odd_points_and_scalars,
          a_point_of_low_order_spoils_no_other,
          walks_the_thousand_steps_of_rfc_7748,
          agrees_with_wycheproof,
          uses_the_lanes_where_the_cpu_has_them)
