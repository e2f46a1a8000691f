/* peer_p11.c - SoftHSM behind a p11-kit server, asked through p11-kit's client
 * module, which signs with an ECDSA key; see peers.h.
 *
 * The client module has one connection and waits for each answer, so that each
 * connection here is a process.
 */
#include <dlfcn.h>
#include <glob.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/peers.h"

/* Of the user, and of who made the token. */
#define PIN           "1234"
#define DIGEST_LEN    32u
#define SIGNATURE_LEN 64u
#define EXEC_MS       30000u

/* Where distributions put modules. */
#define SOFTHSM "/usr/lib{,64,/*}/{softhsm,pkcs11}/libsofthsm2.so"
#define CLIENT  "/usr/lib{,64,/*}/pkcs11/p11-kit-client.so"

/* The first file that @pattern fits; false when there is none. */
static bool find_module(const char *pattern, char ret[SKT_PATH_MAX])
{
    glob_t found = { 0 };
    bool is_found = glob(pattern, GLOB_BRACE, NULL, &found) == 0;

    if (is_found) {
        (void)snprintf(ret, SKT_PATH_MAX, "%s", found.gl_pathv[0]);
    }
    globfree(&found);
    return is_found;
}

/* ---- a client ----------------------------------------------------------- */

struct session {
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE number;
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

/* The calls of the client module, which will connect to @socket. */
static bool load_client(const char *socket, CK_FUNCTION_LIST **ret)
{
    char address[SKT_PATH_MAX + 32];
    char path[SKT_PATH_MAX];
    void *module = find_module(CLIENT, path) ? dlopen(path, RTLD_NOW) : NULL;
    void *symbol = module == NULL ? NULL : dlsym(module, "C_GetFunctionList");
    CK_C_GetFunctionList get_calls;

    (void)snprintf(address, sizeof address, "unix:path=%s", socket);
    if (symbol == NULL || setenv("P11_KIT_SERVER_ADDRESS", address, 1) != 0) {
        return false;
    }
    memcpy(&get_calls, &symbol, sizeof get_calls);
    return get_calls(ret) == CKR_OK;
}

/* Connect to the server and log in at the token. */
static bool
open_session(const char *socket, CK_FLAGS flags, struct session *ret)
{
    CK_UTF8CHAR pin[] = PIN;
    CK_SLOT_ID slot;
    CK_ULONG n_slots = 1;

    return load_client(socket, &ret->calls) &&
           ret->calls->C_Initialize(NULL) == CKR_OK &&
           ret->calls->C_GetSlotList(CK_TRUE, &slot, &n_slots) == CKR_OK &&
           n_slots == 1 &&
           ret->calls->C_OpenSession(slot, flags, NULL, NULL, &ret->number) ==
               CKR_OK &&
           ret->calls->C_Login(ret->number, CKU_USER, pin, sizeof pin - 1) ==
               CKR_OK;
}

/* A key pair in the token, as its users have it. */
static bool make_keys(struct session *session)
{
    uint8_t p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
                       0xce, 0x3d, 0x03, 0x01, 0x07 };
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
    CK_ATTRIBUTE public_values[] = {
        { CKA_TOKEN, &yes, sizeof yes },
        { CKA_VERIFY, &yes, sizeof yes },
        { CKA_EC_PARAMS, p256, sizeof p256 },
    };
    CK_ATTRIBUTE private_values[] = {
        { CKA_TOKEN, &yes, sizeof yes },
        { CKA_SIGN, &yes, sizeof yes },
    };

    return session->calls->C_GenerateKeyPair(
               session->number, &mechanism, public_values, 3, private_values, 2,
               &session->public_key, &session->private_key) == CKR_OK;
}

/* The one object of @class. */
static bool find_key(const struct session *session,
                     CK_OBJECT_CLASS class,
                     CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE value = { CKA_CLASS, &class, sizeof class };
    CK_ULONG n = 0;

    return session->calls->C_FindObjectsInit(session->number, &value, 1) ==
               CKR_OK &&
           session->calls->C_FindObjects(session->number, ret, 1, &n) ==
               CKR_OK &&
           session->calls->C_FindObjectsFinal(session->number) == CKR_OK &&
           n == 1;
}

static bool find_keys(struct session *session)
{
    return find_key(session, CKO_PUBLIC_KEY, &session->public_key) &&
           find_key(session, CKO_PRIVATE_KEY, &session->private_key);
}

static bool sign(const struct session *session,
                 uint8_t digest[DIGEST_LEN],
                 uint8_t ret[SIGNATURE_LEN])
{
    CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
    CK_ULONG len = SIGNATURE_LEN;

    return session->calls->C_SignInit(session->number, &mechanism,
                                      session->private_key) == CKR_OK &&
           session->calls->C_Sign(session->number, digest, DIGEST_LEN, ret,
                                  &len) == CKR_OK &&
           len == SIGNATURE_LEN;
}

static bool verify(const struct session *session,
                   uint8_t digest[DIGEST_LEN],
                   uint8_t signature[SIGNATURE_LEN])
{
    CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };

    return session->calls->C_VerifyInit(session->number, &mechanism,
                                        session->public_key) == CKR_OK &&
           session->calls->C_Verify(session->number, digest, DIGEST_LEN,
                                    signature, SIGNATURE_LEN) == CKR_OK;
}

/* ---- many of them ------------------------------------------------------- */

/* What one client has counted. */
struct counts {
    uint64_t n_ops;
    uint64_t n_errors;
    struct skb_latencies latencies;
};

/* Memory of this process and its clients. */
struct desk {
    uint64_t start_ns; /* counting begins */
    uint64_t end_ns;
    struct counts counts[SKB_CONNECTIONS_MAX];
};

/* Sign until the end; the last signature is verified. */
static void sign_on(const struct session *session,
                    const struct desk *desk,
                    struct counts *counts)
{
    uint8_t digest[DIGEST_LEN] = { 0 };
    uint8_t signature[SIGNATURE_LEN] = { 0 };
    uint64_t now_ns = skb_now_ns();

    while (now_ns < desk->end_ns) {
        uint64_t before_ns = now_ns;
        bool is_signed;

        digest[0]++;
        is_signed = sign(session, digest, signature);
        now_ns = skb_now_ns();
        if (!is_signed) {
            counts->n_errors++;
        } else if (before_ns >= desk->start_ns) {
            counts->n_ops++;
            skb_latencies_count(&counts->latencies, now_ns - before_ns);
        }
    }
    counts->n_errors += verify(session, digest, signature) ? 0 : 1;
}

/* Pipes on which nothing is written: what is told is that they end. */
struct pipe {
    int reader;
    int writer;
};

static bool make_pipe(struct pipe *ret)
{
    int fds[2];
    bool is_made = pipe(fds) == 0;

    *ret = is_made ? (struct pipe){ fds[0], fds[1] } : (struct pipe){ -1, -1 };
    return is_made;
}

/* Wait until @pipe has no writer left. */
static bool await_end(const struct pipe *pipe)
{
    char byte;
    bool is_ended;

    (void)close(pipe->writer);
    is_ended = read(pipe->reader, &byte, 1) == 0;
    (void)close(pipe->reader);
    return is_ended;
}

/* Get ready, end @ready, wait for the end of @go. */
static void __attribute__((noreturn)) be_client(const char *socket,
                                                const struct pipe *ready,
                                                const struct pipe *go,
                                                const struct desk *desk,
                                                struct counts *counts)
{
    struct session session;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!open_session(socket, CKF_SERIAL_SESSION, &session) ||
        !find_keys(&session)) {
        counts->n_errors++;
        _exit(1);
    }
    (void)close(ready->writer);
    if (await_end(go)) {
        sign_on(&session, desk, counts);
    }
    _exit(0);
}

/* A client that is ready, or has failed and counted that. */
static pid_t start_client(const char *socket,
                          const struct pipe *go,
                          const struct desk *desk,
                          struct counts *counts)
{
    struct pipe ready;
    pid_t pid;

    if (!make_pipe(&ready)) {
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        be_client(socket, &ready, go, desk, counts);
    }
    return await_end(&ready) ? pid : -1;
}

static struct skb_result sum_up(const struct desk *desk,
                                const struct skb_load *load)
{
    struct skb_latencies latencies = { 0 };
    struct skb_result result = { 0 };

    for (unsigned i = 0; i < load->connections; i++) {
        result.n_ops += desk->counts[i].n_ops;
        result.n_errors += desk->counts[i].n_errors;
        skb_latencies_add(&latencies, &desk->counts[i].latencies);
    }
    result.per_s =
        (double)result.n_ops * 1e9 / (double)(desk->end_ns - desk->start_ns);
    skb_result_set_latencies(&result, &latencies);
    return result;
}

/* One is started after the other: SoftHSM fails those that open a token at the
 * same time. */
static void run_clients(struct desk *desk, const struct skb_load *load)
{
    uint64_t length_ns = (uint64_t)(load->seconds * 1e9);
    pid_t pids[SKB_CONNECTIONS_MAX];
    struct pipe go;

    if (!make_pipe(&go)) {
        desk->counts[0].n_errors++;
        return;
    }
    (void)fflush(NULL);
    for (unsigned i = 0; i < load->connections; i++) {
        pids[i] = start_client(load->path, &go, desk, &desk->counts[i]);
    }
    desk->start_ns = skb_now_ns() + length_ns / 10;
    desk->end_ns = desk->start_ns + length_ns;
    (void)close(go.writer);
    for (unsigned i = 0; i < load->connections; i++) {
        if (pids[i] < 0 || waitpid(pids[i], NULL, 0) != pids[i]) {
            desk->counts[i].n_errors++;
        }
    }
    (void)close(go.reader);
}

static struct skb_result run(const struct skb_peer *peer,
                             const struct skb_load *load)
{
    struct skb_result result = { .n_errors = 1 };
    struct desk *desk = mmap(NULL, sizeof *desk, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)peer;
    if (desk != MAP_FAILED) {
        run_clients(desk, load);
        result = sum_up(desk, load);
        (void)munmap(desk, sizeof *desk);
    }
    return result;
}

/* ---- the server --------------------------------------------------------- */

static bool is_installed(void)
{
    char path[SKT_PATH_MAX];

    return skb_is_installed("p11-kit") && skb_is_installed("softhsm2-util") &&
           find_module(SOFTHSM, path) && find_module(CLIENT, path);
}

/* A token in a folder of its own; @env will be where SoftHSM finds it. */
static bool make_token(const struct skb_host *host, char env[SKT_PATH_MAX])
{
    char path[SKT_PATH_MAX];
    char text[SKT_PATH_MAX + 32];
    const char *argv[] = { "softhsm2-util",
                           "--init-token",
                           "--free",
                           "--label",
                           "bench",
                           "--so-pin",
                           PIN,
                           "--pin",
                           PIN,
                           NULL };
    const char *envs[] = { env, NULL };

    (void)snprintf(path, sizeof path, "%.400s/tokens", skb_folder());
    (void)snprintf(text, sizeof text, "directories.tokendir = %s\n", path);
    if (mkdir(path, 0700) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%.400s/softhsm2.conf", skb_folder());
    (void)snprintf(env, SKT_PATH_MAX, "SOFTHSM2_CONF=%.450s", path);
    return skt_write_file(path, text, 0600) &&
           skt_exec(argv, envs, host->log, EXEC_MS) == 0;
}

/* In a process of its own, as the client module serves one connection. */
static bool provision(const struct skb_host *host)
{
    struct session session;
    int status = 1;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        _exit(open_session(host->socket, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                           &session) &&
                      make_keys(&session)
                  ? 0
                  : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool start(struct skb_peer *peer)
{
    char module[SKT_PATH_MAX];
    char env[SKT_PATH_MAX];
    const char *argv[] = { "p11-kit",
                           "server",
                           "--foreground",
                           "--name",
                           peer->host.socket,
                           "--provider",
                           module,
                           "pkcs11:token=bench",
                           NULL };
    const char *envs[] = { env, NULL };

    skb_host_name(&peer->host, "p11-kit");
    if (!find_module(SOFTHSM, module) || !make_token(&peer->host, env) ||
        !skb_host_spawn(&peer->host, argv, envs)) {
        return false;
    }
    if (!provision(&peer->host)) {
        skb_host_stop(&peer->host);
        return false;
    }
    return true;
}

const struct skb_peer_kind skb_peer_p11 = {
    .name = "p11-kit with SoftHSM",
    .against = "SoftHSM, ECDSA P-256",
    .is_installed = is_installed,
    .start = start,
    .run = run,
    .n_shapes = 3, /* none with more than one request in flight */
};
