/* test_cli_fingerprint.c - the list of keys: from an agent, as text, compared.
 */
#include <stdlib.h>
#include <string.h>

#include "libclient/cli/cli_fingerprint.h"
#include "protocol/digest.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

static void add(struct skc_fingerprint *list, const char *id, uint8_t key)
{
    struct skc_fingerprint_row row = { .has_key = key != 0, .generation = key };

    memset(row.key_id, key, sizeof row.key_id);
    skt_ok(skc_fingerprint_add(list, id, &row));
}

static char *print(const struct skc_fingerprint *list)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    skc_fingerprint_print(out, list);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static enum skp_err
read_text(const char *text, struct skc_fingerprint *ret, struct skp_diag *diag)
{
    char copy[4096];
    FILE *file;
    enum skp_err err;

    (void)snprintf(copy, sizeof copy, "%s", text);
    file = fmemopen(copy, strlen(copy) + (copy[0] == '\0'), "r");
    ck_assert_ptr_nonnull(file);
    err = skc_fingerprint_read(file, "f", ret, diag);
    (void)fclose(file);
    return err;
}

/* The digest made from the documented text, not by the code under test. */
START_TEST(the_digest_is_that_of_the_documented_text)
{
    static const char text[] = "sidekey fingerprint 1\n"
                               "a 0101010101010101\n"
                               "b -\n"
                               "c 2020202020202020\n";
    struct skc_fingerprint list = { .rows = NULL };
    char got[SKC_FINGERPRINT_DIGEST_MAX];
    char expected[SKC_FINGERPRINT_DIGEST_MAX];
    uint8_t bytes[SKP_DIGEST_LEN];
    struct skp_digest digest;

    add(&list, "a", 1);
    add(&list, "b", 0);
    add(&list, "c", 0x20);
    skc_fingerprint_digest(&list, got);
    skp_digest_start(&digest);
    skp_digest_add(&digest, skp_view_of(text));
    skp_digest_end(&digest, bytes);
    skp_hex(bytes, sizeof bytes, expected);
    ck_assert_str_eq(got, expected);
    /* printf 'sidekey fingerprint 1\na 01...' | sha256sum */
    ck_assert_str_eq(
        got,
        "c2bcb60433945f9f793a6b94225fb2ee5182c90111ededf0371177c2b59d7af5");
    skc_fingerprint_done(&list);
}
END_TEST

START_TEST(generations_do_not_change_the_digest)
{
    struct skc_fingerprint one = { .rows = NULL };
    struct skc_fingerprint two = { .rows = NULL };
    char first[SKC_FINGERPRINT_DIGEST_MAX];
    char second[SKC_FINGERPRINT_DIGEST_MAX];

    add(&one, "a", 1);
    add(&two, "a", 1);
    two.rows[0].generation = 99;
    skc_fingerprint_digest(&one, first);
    skc_fingerprint_digest(&two, second);
    ck_assert_str_eq(first, second);
    two.rows[0].key_id[7]++;
    skc_fingerprint_digest(&two, second);
    ck_assert_str_ne(first, second);
    skc_fingerprint_done(&one);
    skc_fingerprint_done(&two);
}
END_TEST

START_TEST(what_is_printed_is_read_back)
{
    struct skc_fingerprint list = { .rows = NULL };
    struct skc_fingerprint got = { .rows = NULL };
    char id[130];
    char *text;
    char *again;

    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(id, sizeof id, "t%0126u!", i);
        add(&list, id, (uint8_t)i);
    }
    text = print(&list);
    {
        FILE *file = fmemopen(text, strlen(text), "r");

        skt_ok(skc_fingerprint_read(file, "f", &got, NULL));
        (void)fclose(file);
    }
    ck_assert_uint_eq(got.n_rows, 300);
    for (size_t i = 0; i < 300; i++) {
        got.rows[i].generation = list.rows[i].generation; /* not read */
    }
    again = print(&got);
    ck_assert_str_eq(text, again);
    free(text);
    free(again);
    skc_fingerprint_done(&list);
    skc_fingerprint_done(&got);
}
END_TEST

START_TEST(every_change_of_a_saved_list_is_refused)
{
    struct skc_fingerprint list = { .rows = NULL };
    char *text;
    unsigned n_refused = 0;

    add(&list, "abc", 1);
    add(&list, "def", 0);
    text = print(&list);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        struct skc_fingerprint got = { .rows = NULL };
        struct skp_diag diag = { "" };
        char shorter[512];

        (void)snprintf(shorter, sizeof shorter, "%.*s", (int)cut, text);
        skt_err(read_text(shorter, &got, &diag), SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_gt(strlen(diag.text), 0);
        skc_fingerprint_done(&got);
    }
    for (size_t at = 0; at < strlen(text); at++) {
        struct skc_fingerprint got = { .rows = NULL };
        struct skp_diag diag = { "" };
        char changed[512];

        (void)snprintf(changed, sizeof changed, "%s", text);
        changed[at] = (char)(changed[at] ^ 1);
        n_refused +=
            read_text(changed, &got, &diag) == SKP_ERR_INVALID_ARGUMENT;
        skc_fingerprint_done(&got);
    }
    /* What may change unnoticed: padding, generations and the count, which
     * nothing compares.  Ids, key ids, digest, title and newlines may not. */
    ck_assert_uint_ge(n_refused, 22 + 2 * 3 + 16 + 1 + 7 + 64 + 3);
    free(text);
    skc_fingerprint_done(&list);
}
END_TEST

START_TEST(odd_lists_are_refused_in_words)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        { "sidekey fingerprint 1\n",
          "f: line 1: the list ends without its digest" },
        { "hello\n", "f: line 1: not what `sidekey fingerprint` prints" },
        { "sidekey fingerprint 1\nb - 0\na - 0\n", "line 3: not in the order" },
        { "sidekey fingerprint 1\na - 0\na - 0\n", "line 3: not in the order" },
        { "sidekey fingerprint 1\na 0101 1\n", "line 2: no tenant" },
        { "sidekey fingerprint 1\na 010101010101010101 1\n",
          "line 2: no tenant" },
        { "sidekey fingerprint 1\na 01010101010101AA 1\n",
          "line 2: no tenant" },
        { "sidekey fingerprint 1\na\n", "line 2: no tenant" },
        { "sidekey fingerprint 1\ndigest  sha256:00  0 tenants\n",
          "line 2: the digest is not that of the lines above" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skc_fingerprint got = { .rows = NULL };
        struct skp_diag diag = { "" };

        skt_err(read_text(rows[i].text, &got, &diag), SKP_ERR_INVALID_ARGUMENT);
        ck_assert_msg(strstr(diag.text, rows[i].says) != NULL, "%zu: %s", i,
                      diag.text);
        skc_fingerprint_done(&got);
    }
}
END_TEST

static char seen[256];

static void on_pair(void *state, const struct skc_fingerprint_pair *pair)
{
    size_t len = strlen(seen);

    ck_assert_ptr_null(state);
    (void)snprintf(seen + len, sizeof seen - len, "%s%s%s ", pair->id,
                   pair->here == NULL ? "" : "<",
                   pair->there == NULL ? "" : ">");
}

START_TEST(each_kind_of_difference_is_found_and_nothing_else)
{
    struct skc_fingerprint here = { .rows = NULL };
    struct skc_fingerprint there = { .rows = NULL };

    seen[0] = '\0';
    ck_assert_uint_eq(skc_fingerprint_compare(&here, &there, on_pair, NULL), 0);
    add(&here, "a", 1);
    add(&here, "c", 2);
    add(&here, "d", 3);
    add(&here, "e", 0);
    add(&here, "f", 0);
    add(&there, "b", 9);
    add(&there, "c", 2);
    add(&there, "d", 4);
    add(&there, "e", 0);
    add(&there, "f", 5);
    add(&there, "g", 6);
    ck_assert_uint_eq(skc_fingerprint_compare(&here, &there, on_pair, NULL), 5);
    ck_assert_str_eq(seen, "a< b> d<> f<> g> ");
    skc_fingerprint_done(&here);
    skc_fingerprint_done(&there);
}
END_TEST

START_TEST(keys_that_change_while_they_are_listed_are_listed_again)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct skc_fingerprint list = { .rows = NULL };
    struct skp_diag diag = { "" };

    skt_agent_set_restless(agent, 3);
    skt_ok(skc_fingerprint_ask(handle, 60000, &list, &diag));
    ck_assert_uint_eq(list.n_rows, 2);
    ck_assert_str_eq(skc_fingerprint_id(&list, 1), SKT_TENANT);
    /* Two pages each of three lists, and four times `status`. */
    ck_assert_uint_eq(skt_agent_requests(agent), 3 * 2 + 4);
    skc_fingerprint_done(&list);
    skt_agent_set_restless(agent, 1000);
    skt_err(skc_fingerprint_ask(handle, 60000, &list, &diag),
            SKP_ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(diag.text, "changed while they were listed"));
    ck_assert_uint_eq(list.n_rows, 0);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(an_agent_s_refusal_is_told_in_its_words)
{
    SKT_STEPS({ SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" });
    struct skc_fingerprint list = { .rows = NULL };
    struct skp_diag diag = { "" };

    skt_err(skc_fingerprint_ask(handle, 60000, &list, &diag),
            SKP_ERR_PERMISSION_DENIED);
    ck_assert_str_eq(diag.text, "no admin");
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("cli_fingerprint",
          the_digest_is_that_of_the_documented_text,
          generations_do_not_change_the_digest,
          what_is_printed_is_read_back,
          every_change_of_a_saved_list_is_refused,
          odd_lists_are_refused_in_words,
          each_kind_of_difference_is_found_and_nothing_else,
          keys_that_change_while_they_are_listed_are_listed_again,
          an_agent_s_refusal_is_told_in_its_words)
