/* test_coordinator_page.c - one page of the Coordinator's list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source/coordinator_page.h"
#include "agent/sys/json_heap.h"
#include "protocol/key.h"
#include "tests/lib/mutate.h"
#include "tests/lib/suite.h"

#define ALPHA "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define BETA  "0b9c1d2e-0000-4000-8000-00000000beef"
/* 32 bytes of 0x00, of 0x01 (as base64), and 31 bytes. */
#define SEED_0     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SEED_1     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define SEED_SHORT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

static struct skd_material *new_material(void)
{
    struct skd_material *material = NULL;

    skt_ok(skd_material_new(&material));
    return material;
}

static void
parse(const char *text, struct skd_material *material, struct skd_page *ret)
{
    struct skp_diag diag = { "" };
    enum skp_err err = skd_page_parse(skp_view_of(text), material, ret, &diag);

    ck_assert_msg(err == SKP_ERR_OK, "%s", diag.text);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}

static void refused(const char *text, const char *why)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page = { "untouched", "" };
    struct skp_diag diag = { "" };

    skt_err(skd_page_parse(skp_view_of(text), material, &page, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, why);
    ck_assert_str_eq(page.revision, "untouched");
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}

/* A page with these entries. */
static void entries_refused(const char *entries, const char *why)
{
    char text[2048];

    (void)snprintf(text, sizeof text, "{\"revision\":1,\"tenants\":[%s]}",
                   entries);
    refused(text, why);
}

static void has_key(struct skd_material *material,
                    size_t index,
                    size_t nth,
                    const char *seed)
{
    const struct skd_item *item = skd_material_item(material, index);
    uint8_t expected[SKP_KEY_LEN];

    skt_ok(skp_key_from_seed(skp_view_of(seed), expected, NULL));
    ck_assert_uint_lt(nth, item->n_keys);
    skt_bytes_eq(
        (struct skp_view){ skd_material_key(material, item->first_key + nth),
                           SKP_KEY_LEN },
        (struct skp_view){ expected, SKP_KEY_LEN });
}

START_TEST(reads_private_and_public_tenants)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    const struct skd_item *item;

    parse("{\"revision\": 912, \"tenants\": ["
          "{\"id\": \"" ALPHA "\", \"zero_knowledge\": true},"
          "{\"id\": \"" BETA "\", \"zero_knowledge\": false,"
          " \"key_seed\": [\"" SEED_1 "\", \"" SEED_0 "\"]},"
          "{\"id\": \"00000000-0000-4000-8000-000000000001\","
          " \"zero_knowledge\": false, \"key_seed\": \"" SEED_0 "\"}],"
          "\"next\": \"tenants-2.json\"}",
          material, &page);
    ck_assert_str_eq(page.revision, "912");
    ck_assert_str_eq(page.next, "tenants-2.json");
    ck_assert_uint_eq(skd_material_count(material), 3);
    item = skd_material_item(material, 0);
    ck_assert_str_eq(item->tenant, ALPHA);
    ck_assert(item->is_private && !item->list_refused);
    ck_assert_int_eq(item->said, SKD_SAID_ASK);
    item = skd_material_item(material, 1);
    ck_assert(!item->is_private);
    ck_assert_int_eq(item->said, SKD_SAID_KEYS);
    ck_assert_int_eq(item->origin, SKP_ORIGIN_COORDINATOR);
    ck_assert_uint_eq(item->n_keys, 2);
    has_key(material, 1, 0, SEED_1);
    has_key(material, 1, 1, SEED_0);
    has_key(material, 2, 0, SEED_0);
    ck_assert_uint_eq(skd_material_item(material, 2)->n_keys, 1);
}
END_TEST

START_TEST(next_may_be_absent_or_null_and_the_list_empty)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;

    parse("{\"revision\":\"r\",\"tenants\":[]}", material, &page);
    ck_assert_str_eq(page.next, "");
    parse("{\"next\":null,\"tenants\":[],\"revision\":0}", material, &page);
    ck_assert_str_eq(page.next, "");
    ck_assert_uint_eq(skd_material_count(material), 0);
}
END_TEST

START_TEST(revisions_keep_every_digit_and_their_type)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;

    parse("{\"revision\":123456789012345678901234567890,\"tenants\":[]}",
          material, &page);
    ck_assert_str_eq(page.revision, "123456789012345678901234567890");
    parse("{\"revision\":9007199254740993,\"tenants\":[]}", material, &page);
    ck_assert_str_eq(page.revision, "9007199254740993");
    parse("{\"revision\":\"912\",\"tenants\":[]}", material, &page);
    ck_assert_str_eq(page.revision, "\"912");
    parse("{\"revision\":-3,\"tenants\":[]}", material, &page);
    ck_assert_str_eq(page.revision, "-3");
}
END_TEST

START_TEST(unknown_members_are_ignored)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;

    parse("{\"x\":[1,{\"tenants\":2}],\"revision\":1,\"Tenants\":7,"
          "\"tenants\":[{\"name\":\"n\",\"id\":\"" ALPHA "\",\"Id\":1,"
          "\"zero_knowledge\":true,\"extra\":{\"id\":[]}}]}",
          material, &page);
    ck_assert_uint_eq(skd_material_count(material), 1);
}
END_TEST

START_TEST(ids_are_kept_as_written_and_case_makes_two_tenants)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    const char *upper = "67F1ADF3-08E5-4EEA-94E3-E611F263C87B";

    parse("{\"revision\":1,\"tenants\":["
          "{\"id\":\"" ALPHA "\",\"zero_knowledge\":true},"
          "{\"id\":\"67F1ADF3-08E5-4EEA-94E3-E611F263C87B\","
          "\"zero_knowledge\":true},"
          /* escapes are part of the writing, not of the id */
          "{\"id\":\"\\u0030b9c1d2e-0000-4000-8000-00000000beef\","
          "\"zero_knowledge\":true}]}",
          material, &page);
    ck_assert_uint_eq(skd_material_find(material, skp_view_of(upper)), 1);
    ck_assert_uint_eq(skd_material_find(material, skp_view_of(BETA)), 2);
}
END_TEST

/* Some encoders escape slashes, and any character may be. */
START_TEST(escapes_say_the_same)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;

    parse("{\"revision\":\"a\\/b\",\"tenants\":["
          "{\"\\u0069d\":\"" ALPHA "\",\"zero_knowledge\":false,\"key_seed\":"
          "[\"\\/\\/\\/\\///////////////////////////////////////8\\u003d\","
          "\"" SEED_1 "\"]}],\"next\":\"\\u0061\"}",
          material, &page);
    ck_assert_str_eq(page.revision, "\"a/b");
    ck_assert_str_eq(page.next, "a");
    has_key(material, 0, 0, "//////////////////////////////////////////8=");
    has_key(material, 0, 1, SEED_1);
    entries_refused("{\"id\":\"" ALPHA "\",\"i\\u0064\":\"" BETA "\"}",
                    "tenants[0] (" ALPHA "): id is there twice");
}
END_TEST

START_TEST(an_unusable_public_seed_spoils_its_tenant_only)
{
    static const struct {
        const char *key_seed;
        const char *reason;
    } rows[] = {
        { "\"" SEED_SHORT "\"", "key_seed[0]: seed is too short, 32 bytes are "
                                "the least" },
        { "\"not base64!\"", "key_seed[0]: seed is not base64" },
        { "\"\"", "key_seed[0]: seed is too short, 32 bytes are the least" },
        { "[\"" SEED_0 "\",\"?\"]", "key_seed[1]: seed is not base64" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        SKP_CLEANUP(skd_material_free)
        struct skd_material *material = new_material();
        struct skd_page page;
        char text[1024];
        const struct skd_item *item;

        (void)snprintf(text, sizeof text,
                       "{\"revision\":1,\"tenants\":[{\"id\":\"" ALPHA
                       "\",\"zero_knowledge\":false,\"key_seed\":%s},"
                       "{\"id\":\"" BETA "\",\"zero_knowledge\":false,"
                       "\"key_seed\":\"" SEED_1 "\"}]}",
                       rows[i].key_seed);
        parse(text, material, &page);
        item = skd_material_item(material, 0);
        ck_assert_int_eq(item->said, SKD_SAID_UNUSABLE);
        ck_assert_uint_eq(item->n_keys, 0);
        ck_assert_str_eq(item->reason, rows[i].reason);
        ck_assert_int_eq(skd_material_item(material, 1)->said, SKD_SAID_KEYS);
        has_key(material, 1, 0, SEED_1);
        ck_assert_uint_eq(skd_material_n_keys(material), 1);
    }
}
END_TEST

START_TEST(a_private_tenant_with_a_seed_is_refused_and_asked_for_elsewhere)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    const struct skd_item *item;

    parse("{\"revision\":1,\"tenants\":["
          "{\"id\":\"" ALPHA "\",\"zero_knowledge\":true,\"key_seed\":\"" SEED_0
          "\"},{\"id\":\"" BETA "\",\"zero_knowledge\":true,"
          "\"key_seed\":null}]}",
          material, &page);
    item = skd_material_item(material, 0);
    ck_assert(item->list_refused);
    ck_assert_int_eq(item->said, SKD_SAID_ASK);
    ck_assert(item->is_private);
    ck_assert_uint_eq(item->n_keys, 0);
    ck_assert_str_eq(item->reason, "the list has a seed for a private tenant");
    ck_assert(!skd_material_item(material, 1)->list_refused);
    ck_assert_uint_eq(skd_material_n_keys(material), 0);
}
END_TEST

START_TEST(a_page_without_its_members_is_refused)
{
    refused("[]", "revision is missing");
    refused("{}", "revision is missing");
    refused("{\"revision\":1}", "tenants is missing");
    refused("{\"revision\":1,\"tenants\":{}}", "tenants is no array");
    refused("{\"revision\":1,\"tenants\":null}", "tenants is no array");
    refused("{\"revision\":null,\"tenants\":[]}",
            "revision is neither an integer nor a string");
    refused("{\"revision\":1.0,\"tenants\":[]}",
            "revision is neither an integer nor a string");
    refused("{\"revision\":1e3,\"tenants\":[]}",
            "revision is neither an integer nor a string");
    refused("{\"revision\":\"\",\"tenants\":[]}",
            "revision is empty or longer than 256 bytes");
    refused("{\"revision\":1,\"tenants\":[],\"next\":7}", "next is no string");
    refused("{\"revision\":1,\"tenants\":[],\"next\":\"\"}",
            "next is empty or longer than 2048 bytes");
    refused("{\"revision\":1,\"tenants\":[],\"revision\":1}",
            "revision is there twice");
    refused("{\"revision\":1,\"tenants\":[],\"tenants\":[]}",
            "tenants is there twice");
}
END_TEST

START_TEST(an_entry_that_is_wrong_is_named)
{
#define OPEN "{\"id\":\"" ALPHA "\",\"zero_knowledge\":true}"
    entries_refused("7", "tenants[0]: not an object");
    entries_refused(OPEN ",[]", "tenants[1]: not an object");
    entries_refused("{\"zero_knowledge\":true}", "tenants[0]: id is missing");
    entries_refused("{\"id\":5,\"zero_knowledge\":true}",
                    "tenants[0]: id is no string");
    entries_refused("{\"id\":\"" SEED_0 "\",\"zero_knowledge\":true}",
                    "tenants[0]: id is no UUID");
    entries_refused("{\"id\":\"67f1adf3-08e5-4eea-94e3-e611f263c87\"}",
                    "tenants[0]: id is no UUID");
    entries_refused("{\"id\":\"" ALPHA "\"}",
                    "tenants[0] (" ALPHA "): zero_knowledge is missing");
    entries_refused("{\"id\":\"" ALPHA "\",\"zero_knowledge\":\"true\"}",
                    "tenants[0] (" ALPHA
                    "): zero_knowledge is neither true nor false");
    entries_refused("{\"id\":\"" ALPHA "\",\"zero_knowledge\":0}",
                    "tenants[0] (" ALPHA
                    "): zero_knowledge is neither true nor false");
    entries_refused("{\"id\":\"" ALPHA "\",\"zero_knowledge\":false}",
                    "tenants[0] (" ALPHA "): key_seed is missing");
    entries_refused("{\"id\":\"" ALPHA
                    "\",\"zero_knowledge\":false,\"key_seed\":[]}",
                    "tenants[0] (" ALPHA "): key_seed is missing");
    entries_refused("{\"id\":\"" ALPHA
                    "\",\"zero_knowledge\":false,\"key_seed\":3}",
                    "tenants[0] (" ALPHA
                    "): key_seed is neither a string nor an array of strings");
    entries_refused("{\"id\":\"" ALPHA
                    "\",\"zero_knowledge\":false,\"key_seed\":[\"" SEED_0
                    "\",4]}",
                    "tenants[0] (" ALPHA
                    "): key_seed is neither a string nor an array of strings");
    entries_refused(OPEN "," OPEN,
                    "tenants[1] (" ALPHA "): the id is in the list already");
    entries_refused("{\"id\":\"" ALPHA "\",\"id\":\"" BETA "\"}",
                    "tenants[0] (" ALPHA "): id is there twice");
}
END_TEST

START_TEST(broken_json_is_named_by_entry_too)
{
    entries_refused(OPEN ",{\"id\":NaN}",
                    "tenants[1]: a value is expected at byte 99");
    entries_refused(OPEN ",{\"id\":\"\xff\"}",
                    "tenants[1]: a string is no UTF-8 at byte 100");
    entries_refused("[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]",
                    "tenants[0]: nested too deeply at byte 39");
    refused("{\"revision\":1,\"tenants\":[" OPEN,
            "tenants[0]: the text ends too early at byte 92");
    refused("{\"revision\":NaN", "a value is expected at byte 12");
}
END_TEST

START_TEST(no_message_holds_a_seed)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    struct skp_diag diag = { "" };

    skt_err(skd_page_parse(
                skp_view_of("{\"revision\":1,\"tenants\":[{\"id\":\"" SEED_1
                            "\",\"key_seed\":\"" SEED_1 "\"}]}"),
                material, &page, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_null(strstr(diag.text, "AQEB"));
}
END_TEST

START_TEST(the_tenant_after_the_millionth_is_refused)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    struct skp_diag diag = { "" };
    unsigned wrong = 0;

    for (unsigned i = 0; i < SKD_LIST_TENANTS_MAX - 1; i++) {
        char name[40];
        size_t index;

        (void)snprintf(name, sizeof name, "%08x-0000-4000-8000-000000000000",
                       i);
        wrong +=
            skd_material_add(material, skp_view_of(name), &index) != SKP_ERR_OK;
    }
    ck_assert_uint_eq(wrong, 0);
    skt_err(skd_page_parse(skp_view_of("{\"revision\":1,\"tenants\":[" OPEN
                                       ",{\"id\":\"" BETA
                                       "\",\"zero_knowledge\":true}]}"),
                           material, &page, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text,
                     "tenants[1] (" BETA "): more than 1000000 tenants");
}
END_TEST

static char *long_page(unsigned n)
{
    size_t cap = (size_t)n * 160 + 100;
    char *text = malloc(cap);
    size_t len;

    ck_assert_ptr_nonnull(text);
    len = (size_t)snprintf(text, cap, "{\"revision\":1,\"tenants\":[");
    for (unsigned i = 0; i < n; i++) {
        len += (size_t)snprintf(
            text + len, cap - len,
            "%s{\"id\":\"%08x-0000-4000-8000-000000000000\","
            "\"zero_knowledge\":%s%s}",
            i == 0 ? "" : ",", i, i % 2 == 0 ? "true" : "false",
            i % 2 == 0 ? "" : ",\"key_seed\":\"" SEED_0 "\"");
    }
    (void)snprintf(text + len, cap - len, "]}");
    return text;
}

START_TEST(a_page_of_100000_tenants_takes_little_locked_memory)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct skd_page page;
    char *text = long_page(100000);

    parse(text, material, &page);
    free(text);
    ck_assert_uint_eq(skd_material_count(material), 100000);
    ck_assert_uint_eq(skd_material_n_keys(material), 50000);
    has_key(material, 99999, 0, SEED_0);
    /* The keys are what is left. */
    ck_assert_uint_lt(skp_secret_held(), 4u << 20);
}
END_TEST

struct golden {
    unsigned n_taken;
};

/* A damaged page is refused, or it is another good page: then the damage must
 * be visible in what was written, and every id must stand in the text. */
static void check_mutant(void *state, const struct skt_mutant *mutant)
{
    SKP_CLEANUP(skd_material_free)
    struct skd_material *material = new_material();
    struct golden *golden = state;
    struct skd_page page;
    struct skp_diag diag = { "" };
    enum skp_err err = skd_page_parse(mutant->bytes, material, &page, &diag);

    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    if (err != SKP_ERR_OK) {
        skt_err(err, SKP_ERR_INVALID_ARGUMENT);
        ck_assert_str_ne(diag.text, "");
        return;
    }
    golden->n_taken++;
    ck_assert_msg(strcmp(mutant->kind, "cut end") != 0 &&
                      strcmp(mutant->kind, "cut front") != 0,
                  "%s %zu was taken", mutant->kind, mutant->at);
    ck_assert_uint_eq(skd_material_count(material), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct skd_item *item = skd_material_item(material, i);

        ck_assert(skp_tenant_is_uuid(skp_view_of(item->tenant)));
        ck_assert_ptr_nonnull(memmem(mutant->bytes.ptr, mutant->bytes.len,
                                     item->tenant, item->tenant_len));
    }
}

START_TEST(no_damaged_page_is_taken_for_a_whole_one)
{
    struct golden golden = { 0 };

    skt_mutate(skp_view_of("{\"revision\":912,\"tenants\":[{\"id\":\"" ALPHA
                           "\",\"zero_knowledge\":true},{\"id\":\"" BETA
                           "\",\"zero_knowledge\":false,\"key_seed\":[\"" SEED_0
                           "\",\"" SEED_1 "\"]}],\"next\":\"p2\"}"),
               check_mutant, &golden);
    ck_assert_uint_gt(golden.n_taken, 0);
}
END_TEST

SKT_SUITE("coordinator_page",
          reads_private_and_public_tenants,
          next_may_be_absent_or_null_and_the_list_empty,
          revisions_keep_every_digit_and_their_type,
          unknown_members_are_ignored,
          ids_are_kept_as_written_and_case_makes_two_tenants,
          escapes_say_the_same,
          an_unusable_public_seed_spoils_its_tenant_only,
          a_private_tenant_with_a_seed_is_refused_and_asked_for_elsewhere,
          a_page_without_its_members_is_refused,
          an_entry_that_is_wrong_is_named,
          broken_json_is_named_by_entry_too,
          no_message_holds_a_seed,
          the_tenant_after_the_millionth_is_refused,
          a_page_of_100000_tenants_takes_little_locked_memory,
          no_damaged_page_is_taken_for_a_whole_one)
