/* source_fake.c - scripted sources; see source_fake.h. */
#include "tests/lib/source_fake.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/suite.h"

void skt_source_fill(struct skd_material *material,
                     size_t index,
                     const struct skt_answer *answer)
{
    struct skd_item *item = skd_material_item(material, index);

    item->said = answer->said;
    item->state = answer->state;
    item->tells_state = answer->tells_state;
    if (answer->is_local) {
        item->origin = SKP_ORIGIN_FILE;
    }
    item->list_refused |= answer->list_refused;
    for (size_t i = 0; i < SKT_KEYS_MAX && answer->keys[i] != 0; i++) {
        uint8_t key[SKP_KEY_LEN];

        memset(key, answer->keys[i], sizeof key);
        skt_ok(skd_material_add_key(material, index, key));
    }
    if (answer->reason != NULL) {
        skd_material_set_reason(material, index, "%s", answer->reason);
    }
}

static void add_answers(struct skd_material *material,
                        const struct skt_answer *answers,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t index;
        struct skd_item *item;

        skt_ok(
            skd_material_add(material, skp_view_of(answers[i].tenant), &index));
        item = skd_material_item(material, index);
        item->is_private = answers[i].is_private;
        item->origin =
            answers[i].is_private ? SKP_ORIGIN_KMIP : SKP_ORIGIN_COORDINATOR;
        skt_source_fill(material, index, &answers[i]);
    }
}

struct skd_material *skt_material(const struct skt_answer *answers, size_t n)
{
    struct skd_material *material = NULL;

    skt_ok(skd_material_new(&material));
    add_answers(material, answers, n);
    return material;
}

static void answer_open(struct skt_source *source,
                        struct skd_material *material)
{
    for (size_t i = 0; i < skd_material_count(material); i++) {
        const struct skd_item *item = skd_material_item(material, i);

        if (item->said != SKD_SAID_ASK) {
            continue;
        }
        source->n_asked++;
        source->n_held += item->has_kmip_key;
        for (size_t a = 0; a < source->n_answers; a++) {
            if (strcmp(source->answers[a].tenant, item->tenant) == 0) {
                skt_source_fill(material, i, &source->answers[a]);
            }
        }
    }
}

static enum skp_err fetch_script(struct skd_source *self,
                                 const struct skd_fetch *fetch,
                                 struct skd_material *material,
                                 uint64_t *retry_ms,
                                 struct skp_diag *diag)
{
    struct skt_source *source = (struct skt_source *)self;

    if (source->is_gated) {
        uv_sem_post(&source->arrived);
        uv_sem_wait(&source->gate);
    }
    source->n_fetches++;
    source->n_wanted = fetch->n_wanted;
    source->was_whole = fetch->whole;
    *retry_ms = source->retry_ms;
    if (source->text != NULL) {
        (void)skp_fail(diag, source->err, "%s", source->text);
    }
    if (source->err != SKP_ERR_OK) {
        return source->err;
    }
    if (source->is_seeds) {
        answer_open(source, material);
    } else if (source->is_unchanged) {
        skd_material_set_unchanged(material);
    } else {
        size_t n_first = source->n_answers / 2; /* a list in two parts */

        add_answers(material, source->answers, n_first);
        SKP_TRY(skd_fetch_more(fetch));
        add_answers(material, source->answers + n_first,
                    source->n_answers - n_first);
        SKP_TRY(skd_fetch_more(fetch));
    }
    return SKP_ERR_OK;
}

static void settle_script(struct skd_source *self, bool accepted)
{
    struct skt_source *source = (struct skt_source *)self;

    source->n_accepted += accepted;
    source->n_rejected += !accepted;
}

static void report_script(const struct skd_source *self,
                          struct skd_source_report *ret)
{
    *ret = ((const struct skt_source *)self)->report;
}

static void free_script(struct skd_source **self)
{
    struct skt_source *source = (struct skt_source *)*self;

    *self = NULL;
    if (source == NULL) {
        return;
    }
    if (source->was_freed != NULL) {
        *source->was_freed = true;
    }
    uv_sem_destroy(&source->arrived);
    uv_sem_destroy(&source->gate);
    free(source);
}

struct skt_source *skt_source_new(bool is_seeds)
{
    static const struct skd_source_ops list_ops = {
        "list", fetch_script, settle_script, report_script, free_script
    };
    static const struct skd_source_ops seeds_ops = {
        "seeds", fetch_script, settle_script, report_script, free_script
    };
    struct skt_source *source = calloc(1, sizeof *source);

    ck_assert_ptr_nonnull(source);
    source->base.ops = is_seeds ? &seeds_ops : &list_ops;
    source->is_seeds = is_seeds;
    ck_assert_int_eq(uv_sem_init(&source->arrived, 0), 0);
    ck_assert_int_eq(uv_sem_init(&source->gate, 0), 0);
    return source;
}

void skt_source_say(struct skt_source *source,
                    const struct skt_answer *answers,
                    size_t n)
{
    source->answers = answers;
    source->n_answers = n;
    source->is_unchanged = false;
    source->err = SKP_ERR_OK;
    source->retry_ms = 0;
    source->text = NULL;
}
