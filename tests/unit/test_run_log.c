/* test_run_log.c - what one refresh writes to stderr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/refresh/run_log.h"
#include "agent/sys/log.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

static struct skt_clock fake;

static size_t count(const char *text, const char *wanted)
{
    size_t n = 0;

    for (; (text = strstr(text, wanted)) != NULL; text += strlen(wanted)) {
        n++;
    }
    return n;
}

/* Log @run with stderr in a file, and give what was written. */
static char *log_of(const struct skd_run *run)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    char *text = calloc(1, 1u << 20);

    ck_assert(file != NULL && saved >= 0 && text != NULL);
    skd_log_configure(SKD_LOG_DEBUG, false);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    skd_run_log(run);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    ck_assert_int_ge(pread(fileno(file), text, (1u << 20) - 1, 0), 0);
    (void)close(saved);
    (void)fclose(file);
    return text;
}

/* Refresh once from @list and log it. */
static char *log_of_refresh(struct skd_chain *chain, struct skd_snapshot *old)
{
    struct skd_run *run = NULL;
    char *text;

    skt_ok(skd_run_new(&run));
    skt_clock_init(&fake, 1000, 1);
    run->env = &fake.env;
    run->chain = chain;
    run->rules.removal_brake = 0.2;
    run->counts = true;
    run->old = old;
    skd_run_go(run);
    skt_ok(run->err);
    text = log_of(run);
    skd_run_free(&run);
    return text;
}

static struct skd_snapshot *snapshot_of_one(void)
{
    const struct skd_tenant tenant = { .id = "old", .id_len = 3 };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(1, 0, false, &builder, &diag));
    skt_ok(skd_builder_add_tenant(builder, &tenant));
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

START_TEST(a_refresh_tells_its_events_its_brake_and_a_summary)
{
    static const struct skt_answer answers[] = {
        { .tenant = "good", .said = SKD_SAID_KEYS, .keys = { 1 } },
        { .tenant = "late",
          .said = SKD_SAID_UNREACHED,
          .reason = "error reading kms response" },
        { .tenant = "open", .said = SKD_SAID_ASK },
    };
    struct skt_source *list = skt_source_new(false);
    struct skt_source *seeds = skt_source_new(true);
    struct skd_chain chain = { &list->base, { NULL, &seeds->base } };
    char *text;

    skt_source_say(list, answers, SKP_ARRAY_LEN(answers));
    seeds->text = "half of it is missing";
    text = log_of_refresh(&chain, snapshot_of_one());
    ck_assert_uint_eq(count(text, "\n"), 6);
    ck_assert_uint_eq(count(text, "tenant good: first key "), 1);
    ck_assert_uint_eq(
        count(text, "periodical update: failed to get key for tenant late: "
                    "error reading kms response"),
        1);
    ck_assert_uint_eq(count(text, "seeds: half of it is missing"), 1);
    ck_assert_uint_eq(count(text, "removal brake: the tenant list lacks 1 of "
                                  "4 tenants"),
                      1);
    ck_assert_uint_eq(count(text, "refresh: 4 tenants, 1 new, 0 changed, 0 "
                                  "removed, 1 held, 2 not reached, in 0 ms"),
                      1);
    free(text);
    skd_chain_free(&chain);
}
END_TEST

#define MANY (SKD_EVENTS_MAX + 500u)

START_TEST(a_flood_of_lines_of_one_kind_is_cut)
{
    static struct skt_answer answers[MANY];
    static char ids[MANY][16];
    struct skt_source *list = skt_source_new(false);
    struct skd_chain chain = { &list->base, { NULL, NULL } };
    char *text;

    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "t%zu", i);
        answers[i] =
            (struct skt_answer){ .tenant = ids[i], .said = SKD_SAID_UNREACHED };
    }
    skt_source_say(list, answers, MANY);
    text = log_of_refresh(&chain, NULL);
    ck_assert_uint_eq(count(text, "failed to get key"), SKD_EVENTS_MAX);
    ck_assert_uint_eq(count(text, "the others are left out"), 1);
    ck_assert_uint_eq(count(text, "1500 not reached"), 1);
    free(text);
    skd_chain_free(&chain);
}
END_TEST

SKT_SUITE("run_log",
          a_refresh_tells_its_events_its_brake_and_a_summary,
          a_flood_of_lines_of_one_kind_is_cut)
