/* test_json_file.c - the suite of agent/config/json_file.c. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config/json_file.h"
#include "agent/sys/json_heap.h"
#include "tests/lib/suite.h"

/* A file with these bytes; its path is valid until the next call. */
static const char *file_with(const void *bytes, size_t len)
{
    static char path[64];
    int fd;

    (void)snprintf(path, sizeof path, "/tmp/skt-json-file-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    ck_assert_int_eq(close(fd), 0);
    return path;
}

static void expect_findings(const char *text, const char *expected)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *root = NULL;

    skt_err(skd_json_file_parse(skp_view_of(text), "f", 0, &findings, &root),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(findings.errors, expected);
    ck_assert_ptr_null(root);
    skd_findings_done(&findings);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}

START_TEST(reads_a_file_larger_than_one_read)
{
    static const char start[] = "{\"a\":1,";
    static const char end[] = "\"b\": 2}";
    static char text[100000];
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    size_t held = skp_secret_held();
    const char *path;
    cJSON *root = NULL;

    memset(text, ' ', sizeof text);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + sizeof text - (sizeof end - 1), end, sizeof end - 1);
    path = file_with(text, sizeof text);
    skt_ok(skd_json_file_read(path, 1, &findings, &root));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(skd_json_file_index(root->child->next), 1);
    ck_assert_str_eq(root->child->next->string, "b");
    skd_json_free(&root);
    ck_assert_uint_eq(skp_secret_held(), held);
    ck_assert_uint_eq(findings.n_errors, 0);
}
END_TEST

START_TEST(an_absent_file_is_not_a_finding)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *root = NULL;

    skt_err(skd_json_file_read("/nonexistent/x.json", 0, &findings, &root),
            SKP_ERR_NOT_FOUND);
    ck_assert_uint_eq(findings.n_errors, 0);
}
END_TEST

START_TEST(what_cannot_be_read_is_a_finding)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *root = NULL;

    skt_err(skd_json_file_read("/proc", 0, &findings, &root),
            SKP_ERR_INVALID_ARGUMENT);
    skt_err(skd_json_file_read("/dev/null/x", 0, &findings, &root),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(findings.errors,
                     "/proc: cannot read: Is a directory\n"
                     "/dev/null/x: cannot read: Not a directory\n");
    skd_findings_done(&findings);
    /* It never ends: the limit must stop the reading. */
    skt_err(skd_json_file_read("/dev/zero", 0, &findings, &root),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(findings.errors,
                     "/dev/zero: cannot read: File too large\n");
    skd_findings_done(&findings);
}
END_TEST

START_TEST(faults_of_the_text_name_their_line)
{
    expect_findings("{\n\n\"a\" 1}",
                    "f:3: not valid JSON: a colon is expected\n");
    expect_findings("\n[]", "f:2: must be a JSON object\n");
    expect_findings("", "f:1: not valid JSON: the file is empty\n");
    expect_findings("{}x", "f:1: not valid JSON: something follows the JSON\n");
}
END_TEST

START_TEST(members_given_twice_are_all_found)
{
    expect_findings("{\"a\":1,\n\"b\":2,\n\"a\":3}",
                    "f:3: member \"a\" is given twice\n");
    expect_findings("{\"a\":{\"x\":[{\"k\":1},\n{\"k\":1,\n\"\\u006b\":2,\n"
                    "\"k\":3}]},\n\"a\":1}",
                    "f:5: member \"a\" is given twice\n"
                    "f:3: a.x[1]: member \"k\" is given twice\n"
                    "f:4: a.x[1]: member \"k\" is given twice\n");
}
END_TEST

/* Text, lines and tree must agree whatever is flipped or cut. */
START_TEST(no_mutation_gets_past_unseen)
{
    static const char text[] =
        "{\"crypto\": {\"mode\": \"single-key\",\n"
        "  \"key\": \"AAEC\", \"n\": [1, -2.5, true, null, {}]},\n"
        " \"\\u00e9\": \"\\\"\"}\n";
    char copy[sizeof text];
    size_t n_right = 0;

    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned bit = 0; bit <= 8; bit++) {
            struct skd_findings findings = { NULL, 0, NULL, 0 };
            size_t len = bit == 8 ? i : sizeof text - 1;
            cJSON *root = NULL;
            enum skp_err err;

            memcpy(copy, text, sizeof text);
            copy[i] = (char)((unsigned char)copy[i] ^ (1u << bit));
            err = skd_json_file_parse((struct skp_view){ (uint8_t *)copy, len },
                                      "f", 0, &findings, &root);
            ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
            ck_assert((err == SKP_ERR_OK) == (findings.n_errors == 0));
            ck_assert((err == SKP_ERR_OK) == (root != NULL));
            n_right += root != NULL;
            skd_json_free(&root);
            skd_findings_done(&findings);
        }
    }
    ck_assert_uint_gt(n_right, 100);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}
END_TEST

SKT_SUITE("json_file",
          reads_a_file_larger_than_one_read,
          an_absent_file_is_not_a_finding,
          what_cannot_be_read_is_a_finding,
          faults_of_the_text_name_their_line,
          members_given_twice_are_all_found,
          no_mutation_gets_past_unseen)
