/* fault.c - lets one fallible call fail; see fault.h. */
#include "tests/lib/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "tests/lib/suite.h"

static atomic_uint calls;
static atomic_uint failing; /* 0: not armed */
static _Thread_local bool is_paused;
static atomic_size_t mapped;
static bool is_denied; /* memfd_secret */
static _Atomic(const char *) failed;

/* True when this call is the one. */
static bool fails(const char *name, int number)
{
    unsigned nth = atomic_load(&failing);

    if (nth == 0 || is_paused || atomic_fetch_add(&calls, 1) + 1 != nth) {
        return false;
    }
    atomic_store(&failed, name);
    errno = number;
    return true;
}

void skt_fault_arm(const struct skt_fault *fault)
{
    atomic_store(&failed, NULL);
    atomic_store(&calls, 0);
    atomic_store(&failing, fault->nth);
}

void skt_fault_disarm(struct skt_fault *fault)
{
    atomic_store(&failing, 0);
    fault->name = atomic_load(&failed);
    fault->was_reached = fault->name != NULL;
    fault->n_faults += fault->was_reached;
    if (fault->name == NULL) {
        fault->name = "";
    }
}

void skt_fault_pause(void)
{
    is_paused = true;
}

void skt_fault_resume(void)
{
    is_paused = false;
}

bool skt_fault_is_harmless(const struct skt_fault *fault)
{
    static const char *const harmless[] = { "", "memfd_secret", "ftruncate",
                                            "mmap of memfd_secret" };

    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (strcmp(fault->name, harmless[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- memory ---- */

void *__real_malloc(size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_malloc(size_t len)
{
    return fails("malloc", ENOMEM) ? NULL : __real_malloc(len);
}

void *__real_calloc(size_t n, size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_calloc(size_t n, size_t len)
{
    return fails("calloc", ENOMEM) ? NULL : __real_calloc(n, len);
}

void *__real_realloc(void *old, size_t len);
void *__wrap_realloc(void *old, size_t len);
void *__wrap_realloc(void *old, size_t len)
{
    return fails("realloc", ENOMEM) ? NULL : __real_realloc(old, len);
}

void *__real_reallocarray(void *old, size_t n, size_t len);
void *__wrap_reallocarray(void *old, size_t n, size_t len);
void *__wrap_reallocarray(void *old, size_t n, size_t len)
{
    return fails("reallocarray", ENOMEM) ? NULL
                                         : __real_reallocarray(old, n, len);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return fails("strdup", ENOMEM) ? NULL : __real_strdup(text);
}

/* libuv ends the process when its table of watched descriptors cannot grow
 * (maybe_resize in unix/core.c), so that its realloc does not count. */
void skt_fault_init(void)
{
    ck_assert_int_eq(uv_replace_allocator(__wrap_malloc, __real_realloc,
                                          __wrap_calloc, free),
                     0);
}

/* ---- pages ---- */

void *
__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *
__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *
__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    void *pages = MAP_FAILED;

    if (!fails(fd < 0 ? "mmap" : "mmap of memfd_secret", ENOMEM)) {
        pages = __real_mmap(at, len, prot, flags, fd, offset);
    }
    if (pages != MAP_FAILED) {
        atomic_fetch_add(&mapped, len);
    }
    return pages;
}

/* Does not fail: it is here to be counted. */
int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len)
{
    atomic_fetch_sub(&mapped, len);
    return __real_munmap(at, len);
}

void skt_fault_deny_memfd_secret(void)
{
    is_denied = true;
}

size_t skt_fault_mapped(void)
{
    return atomic_load(&mapped);
}

int __real_mlock(const void *at, size_t len);
int __wrap_mlock(const void *at, size_t len);
int __wrap_mlock(const void *at, size_t len)
{
    return fails("mlock", ENOMEM) ? -1 : __real_mlock(at, len);
}

int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len)
{
    return fails("ftruncate", ENOMEM) ? -1 : __real_ftruncate(fd, len);
}

/* Only memfd_secret is called by its number. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    va_list args;
    long flags;

    if (is_denied) {
        errno = ENOSYS;
        return -1;
    }
    if (fails("memfd_secret", ENOSYS)) {
        return -1;
    }
    va_start(args, number);
    flags = va_arg(args, int);
    va_end(args);
    return __real_syscall(number, flags);
}

/* ---- files, sockets, chance ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    if (fails("open", EMFILE)) {
        return -1;
    }
    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return __real_open(path, flags, mode);
}

ssize_t __real_read(int fd, void *place, size_t len);
ssize_t __wrap_read(int fd, void *place, size_t len);
ssize_t __wrap_read(int fd, void *place, size_t len)
{
    return fails("read", EIO) ? -1 : __real_read(fd, place, len);
}

int __real_fstat(int fd, struct stat *ret);
int __wrap_fstat(int fd, struct stat *ret);
int __wrap_fstat(int fd, struct stat *ret)
{
    return fails("fstat", EIO) ? -1 : __real_fstat(fd, ret);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
    return fails("socket", EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog)
{
    return fails("listen", EADDRINUSE) ? -1 : __real_listen(fd, backlog);
}

int __real_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
    return fails("accept4", EMFILE) ? -1 : __real_accept4(fd, peer, len, flags);
}

int __real_getsockopt(int fd, int level, int name, void *ret, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *ret, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *ret, socklen_t *len)
{
    return fails("getsockopt", ENOBUFS)
               ? -1
               : __real_getsockopt(fd, level, name, ret, len);
}

ssize_t __real_getrandom(void *place, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *place, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *place, size_t len, unsigned flags)
{
    return fails("getrandom", ENOSYS) ? -1
                                      : __real_getrandom(place, len, flags);
}

/* ---- libuv, libpthread ---- */

int __real_uv_loop_init(uv_loop_t *loop);
int __wrap_uv_loop_init(uv_loop_t *loop);
int __wrap_uv_loop_init(uv_loop_t *loop)
{
    return fails("uv_loop_init", EMFILE) ? UV_EMFILE
                                         : __real_uv_loop_init(loop);
}

int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb)
{
    return fails("uv_async_init", EMFILE)
               ? UV_EMFILE
               : __real_uv_async_init(loop, async, cb);
}

int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    return fails("uv_poll_init", EMFILE) ? UV_EMFILE
                                         : __real_uv_poll_init(loop, poll, fd);
}

int __real_uv_pipe_open(uv_pipe_t *pipe, uv_file fd);
int __wrap_uv_pipe_open(uv_pipe_t *pipe, uv_file fd);
int __wrap_uv_pipe_open(uv_pipe_t *pipe, uv_file fd)
{
    return fails("uv_pipe_open", EMFILE) ? UV_EMFILE
                                         : __real_uv_pipe_open(pipe, fd);
}

int __real_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex)
{
    return fails("uv_mutex_init", ENOMEM) ? UV_ENOMEM
                                          : __real_uv_mutex_init(mutex);
}

int __real_uv_thread_create(uv_thread_t *thread, uv_thread_cb run, void *arg);
int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb run, void *arg);
int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb run, void *arg)
{
    return fails("uv_thread_create", EAGAIN)
               ? UV_EAGAIN
               : __real_uv_thread_create(thread, run, arg);
}

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes)
{
    return fails("pthread_mutex_init", ENOMEM)
               ? ENOMEM
               : __real_pthread_mutex_init(mutex, attributes);
}
