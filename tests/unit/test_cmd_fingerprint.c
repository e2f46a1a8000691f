/* test_cmd_fingerprint.c - sidekey fingerprint. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

static struct skp_view output_of(const struct skt_run *run)
{
    return (struct skp_view){ (const uint8_t *)run->out, run->out_len };
}

START_TEST(prints_a_line_for_each_tenant_and_a_digest)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    unsigned n_lines = 0;

    skt_cli(&run, skt_agent_path(agent), "fingerprint");
    ck_assert_int_eq(run.code, 0);
    for (const char *at = run.out; (at = strchr(at, '\n')) != NULL; at++) {
        n_lines++;
    }
    ck_assert_uint_eq(n_lines, 4);
    ck_assert_ptr_eq(strstr(run.out, "sidekey fingerprint 1\n"), run.out);
    ck_assert_ptr_nonnull(strstr(run.out, "\n" SKT_TENANT "  "));
    ck_assert_ptr_nonnull(strstr(run.out, "\ndigest  sha256:"));
    ck_assert_ptr_nonnull(strstr(run.out, "  2 tenants\n"));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(agents_with_the_same_keys_are_the_same_and_exit_0)
{
    struct skt_agent *here = skt_agent_start(NULL, 0);
    struct skt_agent *there = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare",
            skt_agent_path(there));
    ck_assert_int_eq(run.code, 0);
    ck_assert_ptr_eq(strstr(run.out, "the same keys: 2 tenants, sha256:"),
                     run.out);
    skt_cli(&run, skt_agent_path(here), "fingerprint");
    skt_file_write(skt_file("keys"), output_of(&run));
    skt_cli(&run, skt_agent_path(there), "fingerprint", "-q", "--compare",
            skt_file("keys"));
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "");
    skt_agent_stop(&here);
    skt_agent_stop(&there);
    skt_run_done(&run);
}
END_TEST

START_TEST(another_key_is_found_and_exits_1)
{
    struct skt_agent *here = skt_agent_start(NULL, 0);
    struct skt_agent *there = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    struct skt_run saved = { .code = -1 };

    skt_agent_rotate(there);
    skt_cli(&saved, skt_agent_path(there), "fingerprint");
    run.input = output_of(&saved);
    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare", "-");
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_eq(strstr(run.out, "other key     " SKT_TENANT "  here "),
                     run.out);
    ck_assert_ptr_null(strstr(run.out, SKT_TENANT_OLD));
    ck_assert_ptr_nonnull(strstr(run.out, "\n1 tenants differ\n"));
    skt_cli(&run, skt_agent_path(here), "fingerprint", "--quiet", "--compare",
            "-");
    ck_assert_int_eq(run.code, 1);
    ck_assert_str_eq(run.out, "");
    skt_agent_stop(&here);
    skt_agent_stop(&there);
    skt_run_done(&run);
    skt_run_done(&saved);
}
END_TEST

/* @lines with their digest, as if another agent had printed them. */
static const char *save_list(const char *lines, const char *digest)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "sidekey fingerprint 1\n%sdigest  sha256:%s  9 tenants\n",
                   lines, digest);
    skt_file_write(skt_file("list"), skp_view_of(text));
    return skt_file("list");
}

START_TEST(what_only_one_has_and_what_has_no_key_is_told)
{
    struct skt_agent *here = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    const char *list = save_list(
        "0000000000000000 0102030405060708 4\n" SKT_TENANT " - 0\n",
        "62ffc67254d04a78407808a9e31875bf3d55c7257a798ac0c8e565c6b7936bb7");

    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare", list);
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(
        strstr(run.out, "only there    0000000000000000                      "
                        "here -                 there 0102030405060708\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "only here     " SKT_TENANT_OLD));
    ck_assert_ptr_nonnull(strstr(run.out, "no key there  " SKT_TENANT));
    ck_assert_ptr_nonnull(strstr(run.out, "\n3 tenants differ\n"));
    skt_agent_stop(&here);
    skt_run_done(&run);
}
END_TEST

START_TEST(trouble_is_not_mistaken_for_a_difference)
{
    static const struct skt_step denied[] = {
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" }
    };
    struct skt_agent *here = skt_agent_start(NULL, 0);
    struct skt_agent *other = skt_agent_start(denied, 1);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare",
            skt_file("nothing"));
    ck_assert_int_eq(run.code, 64);
    skt_file_write(skt_file("cut"), skp_view_of("sidekey fingerprint 1\n"));
    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare",
            skt_file("cut"));
    ck_assert_int_eq(run.code, 64);
    ck_assert_ptr_nonnull(strstr(run.err, "ends without its digest"));
    skt_cli(&run, skt_agent_path(here), "fingerprint", "--compare",
            skt_agent_path(other));
    ck_assert_int_eq(run.code, 77);
    ck_assert_ptr_nonnull(strstr(run.err, skt_agent_path(other)));
    skt_cli(&run, skt_file("nobody"), "fingerprint", "--timeout", "50ms",
            "--compare", "-");
    ck_assert_int_eq(run.code, 69);
    skt_agent_stop(&here);
    skt_agent_stop(&other);
    skt_run_done(&run);
}
END_TEST

START_TEST(prints_json)
{
    struct skt_agent *here = skt_agent_start(NULL, 0);
    struct skt_agent *there = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    cJSON *root;
    const cJSON *first;

    skt_cli(&run, skt_agent_path(here), "fingerprint", "--json");
    root = cJSON_Parse(run.out);
    ck_assert_int_eq(cJSON_GetArraySize(skt_member(root, "tenants")), 2);
    first = cJSON_GetArrayItem(skt_member(root, "tenants"), 1);
    ck_assert_str_eq(skt_text(first, "id"), SKT_TENANT);
    ck_assert_uint_eq(strlen(skt_text(first, "key_id")), 16);
    ck_assert_uint_eq(strlen(skt_text(root, "digest")), 7 + 64);
    cJSON_Delete(root);
    skt_agent_rotate(there);
    skt_cli(&run, skt_agent_path(here), "fingerprint", "--json", "--compare",
            skt_agent_path(there));
    ck_assert_int_eq(run.code, 1);
    root = cJSON_Parse(run.out);
    ck_assert_msg(root != NULL, "no JSON: %s", run.out);
    ck_assert(cJSON_IsFalse(skt_member(root, "same")));
    first = cJSON_GetArrayItem(skt_member(root, "differences"), 0);
    ck_assert_str_eq(skt_text(first, "difference"), "other-key");
    ck_assert_str_ne(skt_text(first, "here"), skt_text(first, "there"));
    cJSON_Delete(root);
    skt_agent_stop(&here);
    skt_agent_stop(&there);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_fingerprint",
          prints_a_line_for_each_tenant_and_a_digest,
          agents_with_the_same_keys_are_the_same_and_exit_0,
          another_key_is_found_and_exits_1,
          what_only_one_has_and_what_has_no_key_is_told,
          trouble_is_not_mistaken_for_a_difference,
          prints_json)
