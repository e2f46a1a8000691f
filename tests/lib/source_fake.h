/* source_fake.h - sources that say what a test wrote down.
 *
 * A private key is written as a number: all its 32 bytes have that value.  The
 * test changes a fake only while no refresh runs, or while the fake stands at
 * its gate.
 */
#ifndef SKT_SOURCE_FAKE_H
#define SKT_SOURCE_FAKE_H

#include <uv.h>

#include "agent/source/source.h"

#define SKT_KEYS_MAX 8

/* What is said of one tenant. */
struct skt_answer {
    const char *tenant;
    enum skd_said said;
    uint8_t keys[SKT_KEYS_MAX]; /* 0 ends them; current first */
    bool is_private;
    enum skd_key_state state;
    bool list_refused;
    bool tells_state;
    bool is_local; /* from a file, whoever answers */
    const char *reason;
};

struct skt_source {
    struct skd_source base;
    bool is_seeds; /* answers for open items; else adds the answers */
    const struct skt_answer *answers;
    size_t n_answers;
    bool is_unchanged; /* list: says so, and adds nothing */
    enum skp_err err;
    uint64_t retry_ms;
    const char *text; /* for the diag, with OK as well; NULL: none */
    struct skd_source_report report;

    bool is_gated;    /* fetch stops at the gate */
    uv_sem_t arrived; /* posted when fetch is there */
    uv_sem_t gate;    /* fetch goes on when it is posted */

    unsigned n_fetches;
    unsigned n_asked; /* seeds: items that were open, in all */
    unsigned n_held;  /* of those, with a KMIP key that is held */
    unsigned n_accepted;
    unsigned n_rejected;
    size_t n_wanted; /* in the last fetch */
    bool was_whole;  /* the last fetch wanted all */
    bool *was_freed; /* set when freed; NULL: not looked at */
};

/* A fake that is freed through its table like any source. */
struct skt_source *skt_source_new(bool is_seeds);

/* Say these @n answers from now on, with success. */
void skt_source_say(struct skt_source *source,
                    const struct skt_answer *answers,
                    size_t n);

/* Fill an item of @material as @answer says. */
void skt_source_fill(struct skd_material *material,
                     size_t index,
                     const struct skt_answer *answer);

/* A material with these answers as its list. */
struct skd_material *skt_material(const struct skt_answer *answers, size_t n);

#endif /* SKT_SOURCE_FAKE_H */
