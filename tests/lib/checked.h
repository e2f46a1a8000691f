/* checked.h - a configuration made from texts in memory, for the suites of
 * agent/config.
 *
 * Header only: it needs files of the agent that most suites are built without.
 */
#ifndef SKT_CHECKED_H
#define SKT_CHECKED_H

#include <string.h>

#include "agent/config/check.h"
#include "agent/config/config.h"
#include "agent/config/json_file.h"
#include "agent/config/merge.h"
#include "tests/lib/suite.h"

/* 32 and 33 bytes, in base64. */
#define SKT_SEED_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SKT_SEED_B "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB"
#define SKT_UUID_1 "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define SKT_UUID_2 "0b9c2d4e-1111-4222-8333-944445555666"

struct skt_checked {
    struct skd_config config; /* zero where it is wrong */
    struct skd_findings findings;
    struct skd_config_memory *memory;
    cJSON *root;
};

/* Check the merged texts; findings name them "c.json" and "s.json".
 * @over  NULL: only one file. */
static inline struct skt_checked skt_check(const char *text, const char *over)
{
    struct skt_checked checked;
    struct skd_check check = { .files = { "c.json", "s.json" } };
    cJSON *root = NULL;
    cJSON *second = NULL;

    memset(&checked, 0, sizeof checked);
    skt_ok(skd_json_file_parse(skp_view_of(text), "c.json", 0,
                               &checked.findings, &root));
    if (over != NULL) {
        skt_ok(skd_json_file_parse(skp_view_of(over), "s.json", 1,
                                   &checked.findings, &second));
        skd_merge(root, &second);
    }
    skt_ok(skd_memory_new(&checked.memory));
    check.root = root;
    check.config = &checked.config;
    check.memory = checked.memory;
    check.findings = &checked.findings;
    skt_ok(skd_check_keys(&check));
    skt_ok(skd_check_rules(&check));
    checked.root = root;
    return checked;
}

static inline void skt_checked_done(struct skt_checked *checked)
{
    skd_json_free(&checked->root);
    skd_memory_unref(&checked->memory);
    skd_findings_done(&checked->findings);
}

/* Check that the text alone has these findings, each a line; "" for none. */
static inline void
skt_expect_findings(const char *text, const char *errors, const char *warnings)
{
    struct skt_checked checked = skt_check(text, NULL);

    ck_assert_str_eq(
        checked.findings.errors == NULL ? "" : checked.findings.errors, errors);
    ck_assert_str_eq(
        checked.findings.warnings == NULL ? "" : checked.findings.warnings,
        warnings);
    skt_checked_done(&checked);
}

#endif /* SKT_CHECKED_H */
