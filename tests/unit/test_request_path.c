/* test_request_path.c - what requests that arrive together cost beside the
 * arithmetic: no allocation, no lock, one read and one write.
 *
 * Calls of malloc and of locks, the libraries' too, come by here because a
 * program's own functions go before those of libc.  System calls are counted by
 * a parent that traces.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/envelope.h"
#include "tests/lib/serve_desk.h"
#include "tests/lib/suite.h"

#define WIRE_MAX   16384u
#define N_REQUESTS 16u

/* The sanitizers have a malloc, and system calls, of their own. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define IS_PLAIN 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define IS_PLAIN 0
#endif
#endif
#ifndef IS_PLAIN
#define IS_PLAIN 1
#endif

/* So has valgrind. */
static bool is_plain(void)
{
    if (!IS_PLAIN || getenv("SKT_VALGRIND") != NULL) {
        (void)fputs("skipped: under a sanitizer or valgrind\n", stderr);
        return false;
    }
    return true;
}

/* ---- allocations and locks ----------------------------------------------- */

static bool is_counting;
static unsigned n_allocations;
static unsigned n_locks;

#if IS_PLAIN
#define SHOWN __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *place, size_t size);

SHOWN void *malloc(size_t size)
{
    n_allocations += is_counting ? 1 : 0;
    return __libc_malloc(size);
}

SHOWN void *calloc(size_t n, size_t size)
{
    n_allocations += is_counting ? 1 : 0;
    return __libc_calloc(n, size);
}

SHOWN void *realloc(void *place, size_t size)
{
    n_allocations += is_counting ? 1 : 0;
    return __libc_realloc(place, size);
}

/* Looks up what would have been called without us, which takes locks, too. */
static int lock_really(const char *name, void *lock)
{
    int (*real)(void *) = NULL;
    bool counts = is_counting;
    void *found;

    is_counting = false;
    found = dlsym(RTLD_NEXT, name);
    is_counting = counts;
    n_locks += counts ? 1 : 0;
    memcpy(&real, &found, sizeof real);
    return real(lock);
}

SHOWN int pthread_mutex_lock(pthread_mutex_t *lock)
{
    return lock_really("pthread_mutex_lock", lock);
}

SHOWN int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return lock_really("pthread_rwlock_rdlock", lock);
}

SHOWN int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return lock_really("pthread_rwlock_wrlock", lock);
}
#endif

static void begin_counting(void)
{
    n_allocations = 0;
    n_locks = 0;
    is_counting = true;
}

static void end_counting(void)
{
    is_counting = false;
}

/* ---- requests ------------------------------------------------------------ */

struct kind {
    enum skp_method method;
    enum skp_suite suite;
};

static const struct kind kinds[] = {
    { SKP_METHOD_UNWRAP, SKP_SUITE_X25519_AES256CTR },
    { SKP_METHOD_UNWRAP, SKP_SUITE_X25519_HPKE_AES256GCM },
    { SKP_METHOD_DECRYPT, SKP_SUITE_X25519_HPKE_AES256GCM },
    { SKP_METHOD_REWRAP, SKP_SUITE_X25519_HPKE_AES256GCM },
    { SKP_METHOD_ENCRYPT, SKP_SUITE_X25519_HPKE_AES256GCM },
    { SKP_METHOD_PUBKEY, SKP_SUITE_ANY },
};

static struct skt_desk stage;

/* Many requests of one kind, as they travel. */
static struct skp_view make_wire(const struct kind *kind)
{
    static const uint8_t plaintext[] = "a plaintext";
    static uint8_t place[WIRE_MAX];
    struct skp_buf wire = skp_buf_over(place, sizeof place);
    struct skt_key key = skt_key_number(2);
    struct skp_recipient recipient = { skp_view_of("a"), key.public_key,
                                       key.key_id };
    bool is_opened =
        kind->method != SKP_METHOD_ENCRYPT && kind->method != SKP_METHOD_PUBKEY;
    struct skp_crypto *crypto = NULL;

    skt_ok(skp_crypto_new(&stage.env.random, &crypto));
    for (uint32_t i = 0; i < N_REQUESTS; i++) {
        uint8_t data_key[SKP_KEY_LEN];
        uint8_t bytes[256];
        struct skp_buf data = skp_buf_over(bytes, sizeof bytes);
        struct skp_request request = { .msgid = i,
                                       .method = kind->method,
                                       .tenant = skp_view_of("a") };

        if (is_opened) {
            skt_ok(skp_header_seal(crypto, kind->suite, false, &recipient,
                                   data_key, data.ptr, &data.len));
        }
        if (kind->method == SKP_METHOD_DECRYPT) {
            skt_ok(skp_payload_seal(
                crypto, kind->suite, data_key, (struct skp_view){ NULL, 0 },
                (struct skp_view){ plaintext, sizeof plaintext }, &data));
        } else if (kind->method == SKP_METHOD_ENCRYPT) {
            skt_ok(skp_buf_put(&data, plaintext, sizeof plaintext));
        }
        request.data = (struct skp_view){ data.ptr, data.len };
        skt_ok(skp_request_encode(&request, &wire));
    }
    skp_crypto_free(&crypto);
    return (struct skp_view){ wire.ptr, wire.len };
}

static void drain(void)
{
    static uint8_t bytes[WIRE_MAX];

    ck_assert_int_gt(recv(stage.client.fd, bytes, sizeof bytes, MSG_DONTWAIT),
                     0);
    ck_assert(!skt_desk_has_news(&stage));
}

/* Send them and leave them in the socket.  The first time opens what is opened
 * once. */
static void prepare(const struct kind *kind)
{
    struct skp_view wire;

    skt_desk_init(&stage);
    wire = make_wire(kind);
    skt_desk_send(&stage, wire);
    drain();
    skt_client_send_bytes(&stage.client, wire);
}

START_TEST(a_batch_allocates_nothing_and_takes_no_lock)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(kinds) && is_plain(); i++) {
        prepare(&kinds[i]);
        begin_counting();
        skt_desk_turn(&stage);
        end_counting();
        drain();
        ck_assert_msg(n_allocations == 0 && n_locks == 0,
                      "kind %zu: %u allocations, %u locks", i, n_allocations,
                      n_locks);
        skt_desk_done(&stage);
    }
}
END_TEST

START_TEST(what_is_counted_would_be_seen)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    struct skp_crypto *crypto = NULL;
    enum skp_err err;

    if (!is_plain()) {
        return;
    }
    /* Assertions take locks. */
    begin_counting();
    (void)pthread_mutex_lock(&lock);
    (void)pthread_rwlock_rdlock(&rwlock);
    end_counting();
    ck_assert_uint_eq(n_locks, 2);
    begin_counting();
    err = skp_crypto_new(&skp_random_system, &crypto);
    end_counting();
    skt_ok(err);
    /* OpenSSL's among them. */
    ck_assert_uint_gt(n_allocations, 5);
    ck_assert_uint_gt(n_locks, 0);
    skp_crypto_free(&crypto);
}
END_TEST

/* ---- system calls -------------------------------------------------------- */

struct calls {
    unsigned n_reads;
    unsigned n_writes;
    unsigned n_randoms;
    unsigned n_others; /* polls, and what marks the begin and the end, aside */
    long other;        /* the number of the last of these */
};

/* The call that stands for a mark: the agent never makes it. */
#define MARK SYS_getppid

static void be_traced(const struct kind *kind)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0) {
        _exit(2);
    }
    prepare(kind);
    (void)syscall(MARK);
    skt_desk_turn(&stage);
    (void)syscall(MARK);
    drain();
    skt_desk_done(&stage);
    _exit(0);
}

static void count_call(long number, struct calls *calls)
{
    switch (number) {
    case SYS_read:
    case SYS_recvmsg:
        calls->n_reads++;
        break;
    case SYS_write:
    case SYS_sendmsg:
        calls->n_writes++;
        break;
    case SYS_getrandom:
        calls->n_randoms++;
        break;
    case SYS_epoll_pwait:
#ifdef SYS_epoll_wait /* processors older than the call above have both */
    case SYS_epoll_wait:
#endif
        break;
    default:
        calls->n_others++;
        calls->other = number;
        break;
    }
}

/* Let @pid go on to its next call or the end; false at the end. */
static bool next_call(pid_t pid, long *ret)
{
    struct __ptrace_syscall_info info = { 0 };
    int status;

    do {
        ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            ck_assert_int_eq(WEXITSTATUS(status), 0);
            return false;
        }
        ck_assert_msg(WIFSTOPPED(status), "status %#x", (unsigned)status);
        ck_assert_int_gt(
            ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), 0);
    } while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
    *ret = (long)info.entry.nr;
    return true;
}

/* Calls between the marks. */
static struct calls count_calls(const struct kind *kind)
{
    struct calls calls = { 0 };
    unsigned n_marks = 0;
    long number = 0;
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        be_traced(kind);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSTOPPED(status), "status %#x", (unsigned)status);
    ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL,
                            PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
                     0);
    while (next_call(pid, &number)) {
        if (number == MARK) {
            n_marks++;
        } else if (n_marks == 1) {
            count_call(number, &calls);
        }
    }
    ck_assert_uint_eq(n_marks, 2);
    return calls;
}

START_TEST(a_batch_is_read_at_once_and_answered_at_once)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(kinds) && is_plain(); i++) {
        struct calls calls = count_calls(&kinds[i]);
        bool makes_keys = kinds[i].method == SKP_METHOD_ENCRYPT ||
                          kinds[i].method == SKP_METHOD_REWRAP;

        ck_assert_msg(calls.n_reads == 1 && calls.n_writes == 1 &&
                          (calls.n_randoms > 0) == makes_keys &&
                          calls.n_others == 0,
                      "kind %zu: %u reads, %u writes, %u randoms, %u others, "
                      "the last number %ld",
                      i, calls.n_reads, calls.n_writes, calls.n_randoms,
                      calls.n_others, calls.other);
    }
}
END_TEST

SKT_SUITE("request_path",
          a_batch_allocates_nothing_and_takes_no_lock,
          what_is_counted_would_be_seen,
          a_batch_is_read_at_once_and_answered_at_once)
