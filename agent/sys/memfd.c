/* memfd.c - sealed files in memory; see memfd.h. */
#include "agent/sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int skd_memfd_create(const char *name)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create(name, flags);
    }
    return fd;
}

enum skp_err skd_memfd_new(const char *name, size_t len, struct skd_memfd *ret)
{
    SKP_CLEANUP(skd_memfd_done) struct skd_memfd file = { -1, NULL, len };
    void *ptr;

    file.fd = skd_memfd_create(name);
    if (file.fd < 0 || ftruncate(file.fd, (off_t)len) != 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    ptr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
    if (ptr == MAP_FAILED) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    file.ptr = ptr;
    *ret = file;
    file.fd = -1;
    file.ptr = NULL;
    return SKP_ERR_OK;
}

enum skp_err skd_memfd_seal(struct skd_memfd *file)
{
    /* A file that is mapped writable takes no seal against writing. */
    (void)munmap(file->ptr, file->len);
    file->ptr = NULL;
    return fcntl(file->fd, F_ADD_SEALS, ALL_SEALS) == 0 ? SKP_ERR_OK
                                                        : SKP_ERR_INTERNAL;
}

enum skp_err
skd_memfd_open(int fd, struct skd_memfd *ret, struct skp_diag *diag)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat status;
    void *ptr;

    if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the index is not sealed");
    }
    if (fstat(fd, &status) != 0 || status.st_size <= 0 ||
        (uint64_t)status.st_size > SIZE_MAX / 2) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the index is empty");
    }
    ptr = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (ptr == MAP_FAILED) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the index cannot be mapped");
    }
    *ret = (struct skd_memfd){ -1, ptr, (size_t)status.st_size };
    return SKP_ERR_OK;
}

void skd_memfd_done(struct skd_memfd *file)
{
    if (file->ptr != NULL) {
        (void)munmap(file->ptr, file->len);
    }
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    *file = (struct skd_memfd){ -1, NULL, 0 };
}
