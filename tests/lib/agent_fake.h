/* agent_fake.h - an agent in a thread, for tests of the client.
 *
 * It listens on a Unix socket and answers with the real encoders.  Real keys
 * are behind it (three tenants, below), so that what it encrypts can be
 * decrypted.  A script makes it misbehave at chosen requests.
 *
 * From one answer to `status` to the next its totals grow by a second of its
 * clock, 30 good answers to `unwrap`, 10 times NOT_FOUND and once a code that
 * nobody knows, and half a second of the first of its two workers.
 */
#ifndef SKT_AGENT_FAKE_H
#define SKT_AGENT_FAKE_H

#include "libclient/sidekey.h"
#include "protocol/rpc.h"

/* Tenants that the fake agent knows; any other is NOT_FOUND. */
#define SKT_TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define SKT_TENANT_OLD                                     \
    "1b4e28ba-2fa1-11d2-883f-0016d3cca427" /* decrypt-only \
                                            */

/* What happens at one request. */
enum skt_act {
    SKT_ANSWER,       /* the right answer */
    SKT_ERROR,        /* the error and the text of the step */
    SKT_ANSWER_CLOSE, /* the right answer, then hang up */
    SKT_CLOSE,        /* hang up without a byte */
    SKT_RESTART,      /* hang up, and close the listening socket for 50 ms */
    SKT_SILENCE,      /* keep the connection and say nothing */
    SKT_HALF,         /* half of the right answer, then silence */
    SKT_HALF_CLOSE,   /* half of the right answer, then hang up */
    SKT_BYTEWISE,     /* the right answer, byte by byte */
    SKT_WRONG_MSGID,  /* the right answer with another id */
    SKT_NIL_MSGID,    /* the error of the step with id nil, then hang up */
    SKT_GARBAGE,      /* 0xc1, which starts no MessagePack value */
    SKT_TWICE,        /* the right answer, twice */
    SKT_NOTIFICATION, /* "changed" instead of an answer */
    SKT_WRONG_KEY_ID, /* the right answer with another key id */
    SKT_SHORT_DATA,   /* the right answer without the last byte of data */
};

struct skt_step {
    enum skt_act act;
    enum skp_err err; /* SKT_ERROR, SKT_NIL_MSGID */
    const char *text;
};

struct skt_agent;

/* Start at a path of its own.  @steps (borrowed) are taken one per request;
 * after the last one every answer is right.  The test fails when it cannot. */
struct skt_agent *skt_agent_start(const struct skt_step *steps, size_t n_steps);

/* Where it listens. */
const char *skt_agent_path(const struct skt_agent *agent);

/* Requests, and connections, seen so far. */
unsigned skt_agent_requests(const struct skt_agent *agent);
unsigned skt_agent_connections(const struct skt_agent *agent);

/* How often it has hung up. */
unsigned skt_agent_hangups(const struct skt_agent *agent);

/* Make `status` say that no refresh has ended yet. */
void skt_agent_set_unready(struct skt_agent *agent);

/* Make the next @n answers to `status` tell of a new snapshot each, as if keys
 * changed all the time. */
void skt_agent_set_restless(struct skt_agent *agent, unsigned n);

/* Give SKT_TENANT a new key; the former still decrypts. */
void skt_agent_rotate(struct skt_agent *agent);

/* Stop, remove the socket, and free; accepts a NULL pointer. */
void skt_agent_stop(struct skt_agent **agent);

/* A handle that talks to it. */
struct sidekey *skt_agent_handle(const struct skt_agent *agent);

/* Close and stop both. */
void skt_close(struct sidekey **handle, struct skt_agent **agent);

/* Declare `agent` with these steps, and a `handle` to it. */
#define SKT_STEPS(...)                                                      \
    static const struct skt_step steps[] = { __VA_ARGS__ };                 \
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps)); \
    struct sidekey *handle = skt_agent_handle(agent)

/* Assert the status of a call of the library, by name. */
#define skt_status(call, wants) \
    ck_assert_str_eq(sidekey_status_name(call), sidekey_status_name(wants))
#define skt_status_ok(call) skt_status((call), SIDEKEY_OK)

#endif /* SKT_AGENT_FAKE_H */
