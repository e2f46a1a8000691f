/* test_events.c - the sentences that operators search for. */
#include <stdio.h>
#include <string.h>

#include "agent/refresh/events.h"
#include "tests/lib/suite.h"

static struct skd_event event_of(enum skd_event_kind kind)
{
    return (struct skd_event){
        .kind = kind,
        .tenant = { (const uint8_t *)"t-1 and more", 3 },
    };
}

static void expect(const struct skd_event *event, const char *text)
{
    char got[SKD_EVENT_TEXT_MAX];

    skd_event_text(event, got);
    ck_assert_str_eq(got, text);
}

START_TEST(the_documented_sentences_are_kept_letter_for_letter)
{
    struct skd_event event = event_of(SKD_EVENT_UNREACHED);

    event.reason = "error reading kms response";
    expect(&event, "periodical update: failed to get key for tenant t-1: "
                   "error reading kms response");
    event = event_of(SKD_EVENT_ABSENT);
    expect(&event, "key not found for private tenantID t-1");
    event.has_key = true;
    expect(&event, "key not found for private tenantID t-1; its last good key "
                   "stays");
    event = event_of(SKD_EVENT_DUPLICATE);
    expect(&event, "duplicate objects for tenant t-1");
}
END_TEST

START_TEST(a_changed_key_names_both_ids_and_the_generation)
{
    struct skd_event event = event_of(SKD_EVENT_KEY_CHANGED);

    memset(event.old_id, 0x1a, sizeof event.old_id);
    memset(event.new_id, 0x2b, sizeof event.new_id);
    event.generation = 7;
    expect(&event, "tenant t-1: key changed from 1a1a1a1a1a1a1a1a to "
                   "2b2b2b2b2b2b2b2b (generation 7)");
    event.kind = SKD_EVENT_FIRST_KEY;
    expect(&event, "tenant t-1: first key 2b2b2b2b2b2b2b2b (generation 7)");
}
END_TEST

START_TEST(the_worse_the_louder)
{
    ck_assert_int_eq(skd_event_level(SKD_EVENT_FIRST_KEY), SKD_LOG_DEBUG);
    ck_assert_int_eq(skd_event_level(SKD_EVENT_REMOVED), SKD_LOG_INFO);
    ck_assert_int_eq(skd_event_level(SKD_EVENT_KEY_CHANGED), SKD_LOG_WARN);
    ck_assert_int_eq(skd_event_level(SKD_EVENT_UNREACHED), SKD_LOG_WARN);
    ck_assert_int_eq(skd_event_level(SKD_EVENT_DEACTIVATED), SKD_LOG_WARN);
    ck_assert_int_eq(skd_event_level(SKD_EVENT_COMPROMISED), SKD_LOG_ERROR);
}
END_TEST

START_TEST(every_kind_has_a_sentence_with_the_tenant)
{
    for (int kind = 0; kind < SKD_EVENT_COUNT; kind++) {
        struct skd_event event = event_of((enum skd_event_kind)kind);
        char text[SKD_EVENT_TEXT_MAX];

        skd_event_text(&event, text);
        ck_assert_ptr_nonnull(strstr(text, "t-1"));
        ck_assert_ptr_null(strstr(text, "and more"));
    }
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct skd_event event = event_of(SKD_EVENT_UNREACHED);
    char reason[2000];
    char text[SKD_EVENT_TEXT_MAX];

    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    event.reason = reason;
    skd_event_text(&event, text);
    ck_assert_uint_eq(strlen(text), SKD_EVENT_TEXT_MAX - 1);
}
END_TEST

START_TEST(events_are_kept_in_order)
{
    struct skd_events events = { .list = NULL };

    for (uint64_t i = 0; i < 1000; i++) {
        struct skd_event event = event_of(SKD_EVENT_KEY_CHANGED);

        event.generation = i;
        skt_ok(skd_events_add(&events, &event));
    }
    ck_assert_uint_eq(events.n, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        char text[SKD_EVENT_TEXT_MAX];
        struct skd_event event = event_of(SKD_EVENT_KEY_CHANGED);

        event.generation = i;
        skd_event_text(&event, text);
        ck_assert_str_eq(events.list[i].text, text);
    }
    skd_events_done(&events);
    ck_assert_uint_eq(events.n, 0);
    skd_events_done(&events);
}
END_TEST

START_TEST(of_each_kind_there_are_enough)
{
    struct skd_events events = { .list = NULL };

    for (unsigned i = 0; i < 2 * SKD_EVENTS_MAX; i++) {
        struct skd_event event =
            event_of(i % 2 == 0 ? SKD_EVENT_FIRST_KEY : SKD_EVENT_REMOVED);

        skt_ok(skd_events_add(&events, &event));
        skt_ok(skd_events_add(&events, &event));
    }
    ck_assert_uint_eq(events.n, 2 * SKD_EVENTS_MAX);
    ck_assert_uint_eq(events.n_of_kind[SKD_EVENT_FIRST_KEY],
                      2 * SKD_EVENTS_MAX);
    ck_assert_uint_eq(events.n_of_kind[SKD_EVENT_REMOVED], 2 * SKD_EVENTS_MAX);
    ck_assert_uint_eq(events.n_of_kind[SKD_EVENT_ABSENT], 0);
    skd_events_done(&events);
    ck_assert_uint_eq(events.n_of_kind[SKD_EVENT_REMOVED], 0);
}
END_TEST

SKT_SUITE("events",
          the_documented_sentences_are_kept_letter_for_letter,
          a_changed_key_names_both_ids_and_the_generation,
          the_worse_the_louder,
          every_kind_has_a_sentence_with_the_tenant,
          long_texts_are_cut,
          events_are_kept_in_order,
          of_each_kind_there_are_enough)
