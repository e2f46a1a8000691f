/* test_tally.c - suite of agent/serve/tally.c. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/serve/tally.h"
#include "tests/lib/suite.h"

static struct skd_tally tally;
static struct skd_request_totals totals;

static void sum_anew(void)
{
    memset(&totals, 0, sizeof totals);
    skd_tally_sum(&tally, &totals);
}

START_TEST(each_method_and_code_has_its_own_counter)
{
    memset(&tally, 0, sizeof tally);
    for (unsigned m = 0; m < SKD_TOTALS_METHODS; m++) {
        for (unsigned c = 0; c < SKD_TOTALS_CODES; c++) {
            for (unsigned i = 0; i < m + c; i++) {
                skd_tally_answer(&tally, (enum skp_method)m, (enum skp_err)c,
                                 0);
            }
        }
    }
    sum_anew();
    for (unsigned m = 0; m < SKD_TOTALS_METHODS; m++) {
        for (unsigned c = 0; c < SKD_TOTALS_CODES; c++) {
            ck_assert_uint_eq(totals.answered[m][c], m + c);
        }
    }
}
END_TEST

START_TEST(a_duration_runs_from_the_answer_before)
{
    memset(&tally, 0, sizeof tally);
    skd_tally_begin(&tally, 1000000);
    skd_tally_answer(&tally, SKP_METHOD_PUBKEY, SKP_ERR_OK, 1005000);
    skd_tally_answer(&tally, SKP_METHOD_PUBKEY, SKP_ERR_OK, 1010001);
    skd_tally_begin(&tally, 9000000);
    skd_tally_answer(&tally, SKP_METHOD_PUBKEY, SKP_ERR_OK, 9000007);
    sum_anew();
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_PUBKEY], 5000 + 5001 + 7);
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_PUBKEY][0], 2);
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_PUBKEY][1], 1);
}
END_TEST

START_TEST(quick_answers_share_the_time_until_the_next_look_at_the_clock)
{
    memset(&tally, 0, sizeof tally);
    skd_tally_begin(&tally, 1000000);
    skd_tally_quick(&tally, SKP_METHOD_PUBKEY, SKP_ERR_OK);
    skd_tally_quick(&tally, SKP_METHOD_PUBKEY, SKP_ERR_NOT_FOUND);
    skd_tally_quick(&tally, SKP_METHOD_HELLO, SKP_ERR_OK);
    skd_tally_end(&tally, 1000600);
    skd_tally_end(&tally, 1000900);
    skd_tally_answer(&tally, SKP_METHOD_UNWRAP, SKP_ERR_OK, 1006700);
    skd_tally_quick(&tally, SKP_METHOD_PUBKEY, SKP_ERR_OK);
    skd_tally_answer(&tally, SKP_METHOD_REWRAP, SKP_ERR_OK, 1026700);
    sum_anew();
    ck_assert_uint_eq(totals.answered[SKP_METHOD_PUBKEY][SKP_ERR_OK], 2);
    ck_assert_uint_eq(totals.answered[SKP_METHOD_PUBKEY][SKP_ERR_NOT_FOUND], 1);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_PUBKEY], 2 * 200 + 10000);
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_PUBKEY][0], 2);
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_PUBKEY][1], 1);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_HELLO], 200);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_UNWRAP], 6100);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_REWRAP], 10000);
}
END_TEST

START_TEST(bounds_rise_and_each_takes_what_is_not_over_it)
{
    static const uint64_t bounds[] = {
#define BOUND_NS(ns, text) (ns),
        SKD_TOTALS_BOUND_MAP(BOUND_NS)
#undef BOUND_NS
    };
    static const char *const texts[] = {
#define BOUND_TEXT(ns, text) (text),
        SKD_TOTALS_BOUND_MAP(BOUND_TEXT)
#undef BOUND_TEXT
    };

    memset(&tally, 0, sizeof tally);
    ck_assert_uint_eq(SKP_ARRAY_LEN(bounds), SKD_TOTALS_BOUNDS);
    for (size_t i = 0; i < SKD_TOTALS_BOUNDS; i++) {
        ck_assert(i == 0 || bounds[i] > bounds[i - 1]);
        ck_assert_double_eq_tol(strtod(texts[i], NULL) * 1e9, (double)bounds[i],
                                0.001);
        skd_tally_begin(&tally, 0);
        skd_tally_answer(&tally, SKP_METHOD_HELLO, SKP_ERR_OK, bounds[i]);
        skd_tally_begin(&tally, 0);
        skd_tally_answer(&tally, SKP_METHOD_HELLO, SKP_ERR_OK, bounds[i] + 1);
    }
    sum_anew();
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_HELLO][0], 1);
    for (size_t i = 1; i < SKD_TOTALS_BOUNDS; i++) {
        ck_assert_uint_eq(totals.lasted[SKP_METHOD_HELLO][i], 2);
    }
    ck_assert_uint_eq(totals.lasted[SKP_METHOD_HELLO][SKD_TOTALS_BOUNDS], 1);
}
END_TEST

START_TEST(sums_add_up_over_tallies)
{
    memset(&tally, 0, sizeof tally);
    skd_tally_answer(&tally, SKP_METHOD_STATUS, SKP_ERR_UNAVAILABLE, 11);
    for (int i = 0; i < 3; i++) {
        skd_tally_over_rate(&tally);
    }
    sum_anew();
    skd_tally_sum(&tally, &totals);
    ck_assert_uint_eq(totals.answered[SKP_METHOD_STATUS][SKP_ERR_UNAVAILABLE],
                      2);
    ck_assert_uint_eq(totals.sum_ns[SKP_METHOD_STATUS], 22);
    ck_assert_uint_eq(totals.n_over_rate, 6);
}
END_TEST

#define ROUNDS 200000u

static void *count_many(void *state)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        skd_tally_answer(state, SKP_METHOD_UNWRAP, SKP_ERR_OK, i);
    }
    return NULL;
}

/* ThreadSanitizer looks on. */
START_TEST(it_is_read_while_it_is_written_and_never_goes_back)
{
    pthread_t writer;
    uint64_t last = 0;

    memset(&tally, 0, sizeof tally);
    ck_assert_int_eq(pthread_create(&writer, NULL, count_many, &tally), 0);
    while (last < ROUNDS) {
        uint64_t now;

        sum_anew();
        now = totals.answered[SKP_METHOD_UNWRAP][SKP_ERR_OK];
        ck_assert(now >= last && now <= ROUNDS);
        last = now;
    }
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
}
END_TEST

SKT_SUITE("tally",
          each_method_and_code_has_its_own_counter,
          a_duration_runs_from_the_answer_before,
          quick_answers_share_the_time_until_the_next_look_at_the_clock,
          bounds_rise_and_each_takes_what_is_not_over_it,
          sums_add_up_over_tallies,
          it_is_read_while_it_is_written_and_never_goes_back)
