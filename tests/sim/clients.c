/* clients.c - requests of clients, and what they have to be answered; see
 * sim.h. */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/sim.h"

#define ADMIN     1u
#define UIDS      4u
#define ABSENT_MS 5000u

struct question {
    struct sim_worker *worker;
    uid_t uid;
    size_t tenant;
    unsigned number; /* of the key that the envelope is for */
    struct skp_request request;
};

static unsigned right_of(enum skp_method method)
{
    static const unsigned rights[SKP_METHOD_COUNT] = {
        [SKP_METHOD_PUBKEY] = SKD_RIGHT_PUBKEY,
        [SKP_METHOD_ENCRYPT] = SKD_RIGHT_ENCRYPT,
        [SKP_METHOD_DECRYPT] = SKD_RIGHT_DECRYPT,
        [SKP_METHOD_UNWRAP] = SKD_RIGHT_UNWRAP,
        [SKP_METHOD_REWRAP] = SKD_RIGHT_REWRAP,
        [SKP_METHOD_TENANTS] = SKD_RIGHT_ADMIN,
    };

    return rights[method];
}

/* The rules of schedule.c, told once more. */
bool sim_clients_may(unsigned policy, uid_t uid, size_t tenant, unsigned right)
{
    if (uid == ADMIN) {
        return true;
    }
    if (policy == 0 && uid == 2 && tenant < SIM_TENANTS / 2) {
        return (right & (SKD_RIGHT_PUBKEY | SKD_RIGHT_ENCRYPT)) != 0;
    }
    if (policy == 0 && uid == 3 && tenant >= SIM_TENANTS / 2 &&
        tenant < SIM_TENANTS) {
        return (right &
                (SKD_RIGHT_DECRYPT | SKD_RIGHT_UNWRAP | SKD_RIGHT_REWRAP)) != 0;
    }
    if (policy == 1 && uid == 3) {
        return (right & (SKD_RIGHT_PUBKEY | SKD_RIGHT_DECRYPT)) != 0;
    }
    return false;
}

/* ---- what is expected ------------------------------------------------------
 */

/* A tenant that the worker does not know goes to the demand list. */
static enum skp_err
expect_demand(struct sim *sim, size_t tenant, bool *ret_wants)
{
    enum sim_demand *demand = &sim->demanded[tenant];

    if (sim->is_final) {
        return SKP_ERR_NOT_FOUND;
    }
    switch (*demand) {
    case SIM_DEMAND_NONE:
        *demand = SIM_DEMAND_WAITING;
        *ret_wants = true;
        return SKP_ERR_UNAVAILABLE;
    case SIM_DEMAND_ABSENT:
        if (sim->clock.now_ms - sim->absent_ms[tenant] >= ABSENT_MS) {
            *demand = SIM_DEMAND_ASKED_AGAIN;
            *ret_wants = true;
        }
        return SKP_ERR_NOT_FOUND;
    case SIM_DEMAND_ASKED_AGAIN:
        return SKP_ERR_NOT_FOUND;
    case SIM_DEMAND_WAITING:
    default:
        return SKP_ERR_UNAVAILABLE;
    }
}

static enum skp_err expect_of_key(const struct sim_known *known,
                                  const struct question *question)
{
    bool has_key = sim_model_key(known, question->number) != NULL;
    enum skp_method method = question->request.method;

    if (method != SKP_METHOD_PUBKEY && method != SKP_METHOD_ENCRYPT &&
        !has_key) {
        return SKP_ERR_NOT_FOUND;
    }
    if (method != SKP_METHOD_DECRYPT && method != SKP_METHOD_UNWRAP &&
        known->use != SKD_USE_ALL) {
        return SKP_ERR_FAILED_PRECONDITION;
    }
    return SKP_ERR_OK;
}

static enum skp_err
expect(struct sim *sim, const struct question *question, bool *ret_wants)
{
    const struct sim_worker *worker = question->worker;
    const struct sim_known *known = &worker->model.tenants[question->tenant];
    bool is_listing = question->request.method == SKP_METHOD_TENANTS;

    if (!sim_clients_may(worker->config->policy, question->uid,
                         is_listing ? SIM_TENANTS : question->tenant,
                         right_of(question->request.method))) {
        return SKP_ERR_PERMISSION_DENIED;
    }
    if (!worker->model.has_snapshot) {
        return SKP_ERR_UNAVAILABLE;
    }
    if (is_listing) {
        return SKP_ERR_OK;
    }
    if (!known->is_known) {
        enum skp_err err = expect_demand(sim, question->tenant, ret_wants);

        return known->is_gone ? SKP_ERR_NOT_FOUND : err;
    }
    if (known->n_keys == 0 && known->is_destroyed) {
        return SKP_ERR_NOT_FOUND;
    }
    if (known->n_keys == 0 ||
        sim_model_is_stale(known, sim->clock.now_ms,
                           worker->config->config.max_stale_ms)) {
        return SKP_ERR_UNAVAILABLE;
    }
    return expect_of_key(known, question);
}

/* ---- what came
 * ---------------------------------------------------------------- */

static bool is_equal(struct skp_view got, const void *bytes, size_t len)
{
    return got.len == len && memcmp(got.ptr, bytes, len) == 0;
}

static void check_pubkey(struct sim *sim,
                         const struct question *question,
                         const struct skp_response *answer)
{
    size_t tenant = question->tenant;
    const struct sim_known_key *current =
        &question->worker->model.tenants[tenant].keys[0];
    uint64_t *highest = &question->worker->generations[tenant];
    uint8_t *seen = &sim->seen[tenant][answer->generation & 255];

    SIM_CHECK(sim,
              is_equal(answer->data, sim_keys_get(current->number)->public_key,
                       SKP_KEY_LEN),
              "the public key is not that of number %u", current->number);
    SIM_CHECK(sim, answer->generation == current->generation,
              "generation %" PRIu64 " and not %" PRIu64, answer->generation,
              current->generation);
    SIM_CHECK(sim, answer->generation >= *highest,
              "generation %" PRIu64 " after %" PRIu64, answer->generation,
              *highest);
    SIM_CHECK(sim, *seen == 0 || *seen == current->number,
              "generation %" PRIu64 " was another key", answer->generation);
    *highest = answer->generation;
    *seen = current->number;
}

/* What the agent made is an envelope like any other from now on. */
static void keep_envelope(struct sim *sim,
                          unsigned number,
                          struct skp_view bytes,
                          const uint8_t *data_key)
{
    struct sim_envelope *envelope = sim_keys_envelope(number);

    SIM_CHECK(sim, bytes.len <= sizeof envelope->bytes, "a long envelope");
    memmove(envelope->bytes, bytes.ptr, bytes.len);
    if (data_key != NULL) {
        memmove(envelope->data_key, data_key, SKP_KEY_LEN);
        return;
    }
    envelope->len = bytes.len;
    memset(envelope->data_key, 0, SKP_KEY_LEN);
}

static void check_rewrap(struct sim *sim,
                         const struct question *question,
                         const struct skp_response *answer,
                         unsigned current)
{
    struct sim_envelope whole = *sim_keys_envelope(question->number);

    SIM_CHECK(sim, answer->data.len == SKP_HEADER_2_LEN, "a short header");
    memcpy(whole.bytes, answer->data.ptr, answer->data.len);
    keep_envelope(sim, current, (struct skp_view){ whole.bytes, whole.len },
                  whole.data_key);
}

/* The data key of an envelope that the agent encrypted was never seen. */
static void check_data_key(struct sim *sim,
                           const struct sim_envelope *envelope,
                           struct skp_view data_key)
{
    static const uint8_t none[SKP_KEY_LEN];

    SIM_CHECK(sim,
              memcmp(envelope->data_key, none, sizeof none) == 0 ||
                  is_equal(data_key, envelope->data_key, SKP_KEY_LEN),
              "another data key");
}

static void check_data(struct sim *sim,
                       const struct question *question,
                       const struct skp_response *answer)
{
    const struct sim_known *known =
        &question->worker->model.tenants[question->tenant];
    enum skp_method method = question->request.method;
    bool is_opened =
        method == SKP_METHOD_DECRYPT || method == SKP_METHOD_UNWRAP;
    unsigned number = is_opened ? question->number : known->keys[0].number;
    struct skp_view plain = sim_keys_plaintext(question->tenant);

    if (method == SKP_METHOD_PUBKEY) {
        check_pubkey(sim, question, answer);
    } else if (method == SKP_METHOD_ENCRYPT) {
        keep_envelope(sim, number, answer->data, NULL);
    } else if (method == SKP_METHOD_DECRYPT) {
        SIM_CHECK(sim, is_equal(answer->data, plain.ptr, plain.len),
                  "another plaintext");
    } else if (method == SKP_METHOD_UNWRAP) {
        check_data_key(sim, sim_keys_envelope(number), answer->data);
    } else {
        check_rewrap(sim, question, answer, number);
    }
    SIM_CHECK(sim,
              memcmp(answer->key_id, sim_keys_get(number)->key_id,
                     SKP_KEY_ID_LEN) == 0,
              "the key id is not that of number %u", number);
}

static void check_row(struct sim *sim,
                      const struct question *question,
                      const struct skp_tenant_row *row)
{
    const struct sim_worker *worker = question->worker;
    size_t tenant = sim_world_number((const char *)row->id.ptr, row->id.len);
    const struct sim_known *known;
    bool is_stale;

    SIM_CHECK(sim, tenant < SIM_TENANTS, "an unknown tenant is listed");
    known = &worker->model.tenants[tenant];
    SIM_CHECK(sim, known->is_known, "tenant %zu is listed", tenant);
    is_stale = sim_model_is_stale(known, sim->clock.now_ms,
                                  worker->config->config.max_stale_ms);
    SIM_CHECK(sim,
              (row->state == SKP_TENANT_STATE_UNAVAILABLE) ==
                      (known->n_keys == 0) &&
                  (row->state == SKP_TENANT_STATE_STALE) ==
                      (known->n_keys > 0 && is_stale),
              "tenant %zu is listed as %s", tenant,
              skp_tenant_state_name(row->state));
}

static void check_rows(struct sim *sim,
                       const struct question *question,
                       const struct skp_response *answer)
{
    size_t n = 0;

    for (size_t i = 0; i < SIM_TENANTS; i++) {
        n += question->worker->model.tenants[i].is_known;
    }
    SIM_CHECK(sim, answer->n_rows == n, "%zu tenants and not %zu",
              answer->n_rows, n);
    for (size_t i = 0; i < n; i++) {
        check_row(sim, question, &answer->rows[i]);
    }
}

/* ---- asking
 * ------------------------------------------------------------------- */

static void put(struct sim *sim, struct question *question)
{
    const struct sim_worker *worker = question->worker;
    const struct skd_served served = {
        .snapshot = worker->snapshot,
        .policy = { &worker->config->config, 0 },
        .demand = sim->is_final ? NULL : sim->demand,
    };
    const struct skd_peer peer = { .uid = question->uid, .gid = 100 };
    struct skp_response answer = { 0 };
    bool wants = false;
    bool wants_expected = false;
    enum skp_err err = expect(sim, question, &wants_expected);
    enum skd_handled handled =
        skd_handler_run(sim->handler, &served, &peer, sim->clock.now_ms,
                        &question->request, NULL, &answer, &wants);

    sim_trace_say(sim, "client %u asks worker %zu: %s %zu (key %u): %s",
                  (unsigned)question->uid, (size_t)(worker - sim->workers),
                  skp_method_name(question->request.method), question->tenant,
                  question->number, skp_err_name(answer.err));
    SIM_CHECK(sim, handled == SKD_HANDLED_ANSWER, "no answer");
    SIM_CHECK(sim, answer.err == err, "%s and not %s: %.*s",
              skp_err_name(answer.err), skp_err_name(err), (int)answer.text.len,
              (const char *)answer.text.ptr);
    SIM_CHECK(sim, wants == wants_expected, "the refresher is %s",
              wants ? "woken" : "not woken");
    sim->is_want_pending |= wants;
    if (err == SKP_ERR_OK && question->request.method == SKP_METHOD_TENANTS) {
        check_rows(sim, question, &answer);
    } else if (err == SKP_ERR_OK) {
        check_data(sim, question, &answer);
    }
    skd_handler_wipe(sim->handler);
}

/* The envelope of a request: for a key that the tenant has, or another. */
static void add_envelope(struct sim *sim, struct question *question)
{
    const struct sim_known *known =
        &question->worker->model.tenants[question->tenant];
    const struct sim_envelope *envelope;

    question->number = (unsigned)(question->tenant * SIM_KEYS_EACH +
                                  sim_trace_pick(sim, SIM_KEYS_EACH) + 1);
    if (sim_trace_once_in(sim, 8)) {
        question->number =
            1 + (unsigned)sim_trace_pick(sim, SIM_TENANTS * SIM_KEYS_EACH);
    }
    if (known->n_keys > 0 && !sim_trace_once_in(sim, 4)) {
        question->number =
            known->keys[sim_trace_pick(sim, known->n_keys)].number;
    }
    envelope = sim_keys_envelope(question->number);
    question->request.data =
        (struct skp_view){ envelope->bytes,
                           question->request.method == SKP_METHOD_UNWRAP
                               ? SKP_HEADER_2_LEN
                               : envelope->len };
}

void sim_clients_ask(struct sim *sim)
{
    static const enum skp_method methods[] = {
        SKP_METHOD_PUBKEY, SKP_METHOD_PUBKEY,  SKP_METHOD_PUBKEY,
        SKP_METHOD_PUBKEY, SKP_METHOD_ENCRYPT, SKP_METHOD_DECRYPT,
        SKP_METHOD_UNWRAP, SKP_METHOD_REWRAP,  SKP_METHOD_TENANTS,
    };
    struct question question = {
        .worker = &sim->workers[sim_trace_pick(sim, SIM_WORKERS)],
        .uid = sim_trace_once_in(sim, 2)
                   ? ADMIN
                   : (uid_t)(1 + sim_trace_pick(sim, UIDS)),
        .tenant = sim_trace_pick(sim, SIM_TENANTS),
    };
    struct skp_request *request = &question.request;

    request->method = methods[sim_trace_pick(sim, SKP_ARRAY_LEN(methods))];
    if (request->method != SKP_METHOD_TENANTS) {
        request->tenant = sim_world_id(question.tenant);
    }
    if (request->method == SKP_METHOD_ENCRYPT) {
        request->data = sim_keys_plaintext(question.tenant);
    } else if (request->method != SKP_METHOD_PUBKEY &&
               request->method != SKP_METHOD_TENANTS) {
        add_envelope(sim, &question);
    }
    put(sim, &question);
}

void sim_clients_ask_pubkey(struct sim *sim,
                            struct sim_worker *worker,
                            size_t tenant)
{
    struct question question = {
        .worker = worker,
        .uid = ADMIN,
        .tenant = tenant,
        .request = { .method = SKP_METHOD_PUBKEY,
                     .tenant = sim_world_id(tenant) },
    };

    put(sim, &question);
}
