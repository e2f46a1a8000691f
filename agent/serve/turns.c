/* turns.c - whose requests a worker handles next; see turns.h. */
#include "agent/serve/turns.h"

#include "agent/serve/connection.h"

/* An operation with X25519 in it. */
#define COST_KEY 50u
/* A page of tenants, or a question to the main loop. */
#define COST_LONG 20u
/* Bytes that take about a microsecond to encrypt. */
#define BYTES_PER_UNIT 2048u

unsigned skd_turns_cost(const struct skp_request *request)
{
    switch (request->method) {
    case SKP_METHOD_ENCRYPT:
    case SKP_METHOD_DECRYPT:
    case SKP_METHOD_UNWRAP:
    case SKP_METHOD_REWRAP:
        return COST_KEY + (unsigned)(request->data.len / BYTES_PER_UNIT);
    case SKP_METHOD_WATCH:
    case SKP_METHOD_TENANTS:
    case SKP_METHOD_STATUS:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_FORGET:
        return COST_LONG;
    case SKP_METHOD_HELLO:
    case SKP_METHOD_PUBKEY:
    case SKP_METHOD_COUNT:
    default:
        return 1;
    }
}

static bool is_shared(const struct skd_turns *turns)
{
    return turns->callers->n_active > 1;
}

unsigned skd_turns_budget(const struct skd_turns *turns)
{
    return is_shared(turns) ? SKD_TURN_SHARED : SKD_TURN_ALONE;
}

void skd_turns_spend(const struct skd_turns *turns,
                     struct skd_caller *caller,
                     unsigned cost)
{
    if (caller->round != turns->round) {
        caller->round = turns->round;
        caller->spent = 0;
    }
    caller->spent += cost;
}

bool skd_turns_may_go(const struct skd_turns *turns,
                      const struct skd_caller *caller)
{
    return !is_shared(turns) ||
           (caller->first_turn == NULL &&
            (caller->round != turns->round || caller->spent < SKD_TURN_SHARED));
}

/* ---- the line ----------------------------------------------------------- */

static void on_idle(uv_idle_t *idle);

static void join_line(struct skd_turns *turns, struct skd_caller *caller)
{
    caller->next_waiting = NULL;
    if (turns->last == NULL) {
        turns->first = caller;
        (void)uv_idle_start(&turns->idle, on_idle);
    } else {
        turns->last->next_waiting = caller;
    }
    turns->last = caller;
}

static void leave_line(struct skd_turns *turns, struct skd_caller *caller)
{
    struct skd_caller **at = &turns->first;
    struct skd_caller *before = NULL;

    while (*at != caller) {
        before = *at;
        at = &before->next_waiting;
    }
    *at = caller->next_waiting;
    if (turns->last == caller) {
        turns->last = before;
    }
    if (turns->first == NULL) {
        (void)uv_idle_stop(&turns->idle);
    }
}

void skd_turns_add(struct skd_turns *turns, struct skd_connection *connection)
{
    struct skd_caller *caller = connection->caller;

    skp_assert(!connection->is_in_line);
    connection->is_in_line = true;
    connection->next_turn = NULL;
    connection->prev_turn = caller->last_turn;
    if (caller->last_turn != NULL) {
        caller->last_turn->next_turn = connection;
    } else {
        caller->first_turn = connection;
        join_line(turns, caller);
    }
    caller->last_turn = connection;
}

void skd_turns_remove(struct skd_turns *turns,
                      struct skd_connection *connection)
{
    struct skd_caller *caller = connection->caller;

    if (!connection->is_in_line) {
        return;
    }
    connection->is_in_line = false;
    if (connection->prev_turn != NULL) {
        connection->prev_turn->next_turn = connection->next_turn;
    } else {
        caller->first_turn = connection->next_turn;
    }
    if (connection->next_turn != NULL) {
        connection->next_turn->prev_turn = connection->prev_turn;
    } else {
        caller->last_turn = connection->prev_turn;
    }
    if (caller->first_turn == NULL) {
        leave_line(turns, caller);
    }
}

/* One connection of the user that has waited longest, which then goes to the
 * end of the line.  Between two of them the loop looks at the sockets. */
static void on_idle(uv_idle_t *idle)
{
    struct skd_turns *turns = idle->data;
    struct skd_caller *caller = turns->first;
    struct skd_connection *connection = caller->first_turn;
    bool has_others = connection->next_turn != NULL;

    skd_turns_remove(turns, connection);
    if (has_others) {
        leave_line(turns, caller);
        join_line(turns, caller);
    }
    skd_connection_turn(connection);
}

/* ---- handles ------------------------------------------------------------ */

static void on_prepare(uv_prepare_t *prepare)
{
    struct skd_turns *turns = prepare->data;

    turns->round++;
}

void skd_turns_open(struct skd_turns *turns,
                    uv_loop_t *loop,
                    struct skd_callers *callers)
{
    *turns = (struct skd_turns){ .callers = callers, .round = 1 };
    (void)uv_idle_init(loop, &turns->idle);
    (void)uv_prepare_init(loop, &turns->prepare);
    turns->idle.data = turns;
    turns->prepare.data = turns;
    (void)uv_prepare_start(&turns->prepare, on_prepare);
    uv_unref((uv_handle_t *)&turns->prepare);
}

void skd_turns_close(struct skd_turns *turns)
{
    skp_assert(turns->first == NULL);
    uv_close((uv_handle_t *)&turns->idle, NULL);
    uv_close((uv_handle_t *)&turns->prepare, NULL);
}
