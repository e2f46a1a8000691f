/* test_picks.c - which keys a tenant has after a refresh. */
#include <string.h>

#include "agent/refresh/picks.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

/* A snapshot in which "t" has these keys, 0 ends them. */
static struct skd_snapshot *snapshot_with(const uint8_t *numbers)
{
    const struct skd_tenant tenant = { .id = "t", .id_len = 1 };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    struct skp_diag diag = { "" };

    skt_ok(skd_builder_new(1, SKT_KEYS_MAX, false, &builder, &diag));
    skt_ok(skd_builder_add_tenant(builder, &tenant));
    for (; *numbers != 0; numbers++) {
        uint8_t bytes[SKP_KEY_LEN];
        const struct skd_key key = { bytes, bytes, bytes, *numbers };

        memset(bytes, *numbers, sizeof bytes);
        skt_ok(skd_builder_add_key(builder, &key));
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

/* Assert what is picked, written as numbers: old ones as "5@0", which is key 5
 * at place 0, new ones as "5". */
static void expect(enum skd_said said,
                   const char *given,
                   const char *had,
                   unsigned keep,
                   const char *expected)
{
    struct skt_answer answer = { .tenant = "t", .said = said };
    uint8_t numbers[SKT_KEYS_MAX + 1] = { 0 };
    struct skd_picks picks = { NULL, 0, 0 };
    struct skd_snapshot *snapshot;
    struct skd_material *material;
    struct skd_was was;
    char got[64] = "";
    size_t len = 0;

    for (size_t i = 0; given[i] != '\0'; i++) {
        answer.keys[i] = (uint8_t)(given[i] - '0');
    }
    for (size_t i = 0; had[i] != '\0'; i++) {
        numbers[i] = (uint8_t)(had[i] - '0');
    }
    snapshot = snapshot_with(numbers);
    material = skt_material(&answer, 1);
    was = (struct skd_was){ snapshot,
                            skd_snapshot_find(snapshot, skp_view_of("t")) };
    skt_ok(skd_picks_choose(&picks, material, skd_material_item(material, 0),
                            was, keep));
    for (size_t i = 0; i < picks.n; i++) {
        got[len++] = (char)('0' + picks.list[i].private_key[0]);
        if (picks.list[i].is_old) {
            got[len++] = '@';
            got[len++] = (char)('0' + picks.list[i].old_nth);
        }
    }
    ck_assert_str_eq(got, expected);
    skd_picks_done(&picks);
    skd_material_free(&material);
    skd_snapshot_unref(&snapshot);
}

START_TEST(given_keys_are_found_among_the_old_ones)
{
    expect(SKD_SAID_KEYS, "5", "", 4, "5");
    expect(SKD_SAID_KEYS, "5", "5", 4, "5@0");
    expect(SKD_SAID_KEYS, "6", "5", 4, "65@0");
    expect(SKD_SAID_KEYS, "5", "65", 4, "5@16@0");
}
END_TEST

START_TEST(listed_former_keys_come_last_and_once)
{
    expect(SKD_SAID_KEYS, "543", "", 0, "543");
    expect(SKD_SAID_KEYS, "5445", "", 0, "54");
    expect(SKD_SAID_KEYS, "643", "54", 4, "65@04@13");
    expect(SKD_SAID_KEYS, "643", "54", 0, "64@13");
}
END_TEST

START_TEST(remembered_keys_are_kept_newest_first_up_to_the_limit)
{
    expect(SKD_SAID_KEYS, "9", "87654", 4, "98@07@16@25@3");
    expect(SKD_SAID_KEYS, "8", "87654", 2, "8@07@16@2");
    expect(SKD_SAID_KEYS, "84", "87654", 2, "8@07@16@24@4");
    expect(SKD_SAID_KEYS, "8", "87654", 0, "8@0");
}
END_TEST

START_TEST(without_an_answer_all_old_keys_stay)
{
    expect(SKD_SAID_UNREACHED, "", "8765", 1, "8@07@16@25@3");
    expect(SKD_SAID_SAME, "", "8", 4, "8@0");
    expect(SKD_SAID_KEYS, "", "8", 4, "8@0");
    expect(SKD_SAID_ABSENT, "", "", 4, "");
}
END_TEST

START_TEST(destroyed_keys_are_not_picked)
{
    expect(SKD_SAID_DESTROYED, "", "87", 4, "");
}
END_TEST

SKT_SUITE("picks",
          given_keys_are_found_among_the_old_ones,
          listed_former_keys_come_last_and_once,
          remembered_keys_are_kept_newest_first_up_to_the_limit,
          without_an_answer_all_old_keys_stay,
          destroyed_keys_are_not_picked)
