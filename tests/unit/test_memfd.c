/* test_memfd.c - suite of agent/sys/memfd.c: sealed files in memory. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/sys/memfd.h"
#include "tests/lib/suite.h"

START_TEST(a_sealed_file_is_read_and_never_changes)
{
    struct skd_memfd file = { -1, NULL, 0 };
    struct skd_memfd read_back = { -1, NULL, 0 };
    struct skp_diag diag = { "" };

    skt_ok(skd_memfd_new("test", 5, &file));
    memcpy(file.ptr, "hello", 5);
    skt_ok(skd_memfd_seal(&file));
    ck_assert_int_eq(write(file.fd, "x", 1), -1);
    ck_assert_int_eq(ftruncate(file.fd, 1), -1);
    ck_assert_int_eq(ftruncate(file.fd, 100), -1);
    ck_assert_ptr_eq(
        mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0),
        MAP_FAILED);
    ck_assert_int_eq(fcntl(file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    skt_ok(skd_memfd_open(file.fd, &read_back, &diag));
    ck_assert_uint_eq(read_back.len, 5);
    ck_assert_mem_eq(read_back.ptr, "hello", 5);
    skd_memfd_done(&read_back);
    skd_memfd_done(&file);
    ck_assert_int_eq(file.fd, -1);
}
END_TEST

static void refuses(int fd)
{
    struct skd_memfd file = { -1, NULL, 0 };
    struct skp_diag diag = { "" };

    skt_err(skd_memfd_open(fd, &file, &diag), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_null(file.ptr);
}

START_TEST(what_may_still_change_is_refused)
{
    static const int seals[] = { 0, F_SEAL_WRITE, F_SEAL_SHRINK | F_SEAL_GROW,
                                 F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

    for (size_t i = 0; i < SKP_ARRAY_LEN(seals); i++) {
        int fd = skd_memfd_create("test");

        ck_assert_int_eq(write(fd, "hello", 5), 5);
        ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
        refuses(fd);
        (void)close(fd);
    }
}
END_TEST

START_TEST(an_empty_file_and_what_is_none_are_refused)
{
    int fd = skd_memfd_create("test");
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(
        fcntl(fd, F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
        0);
    refuses(fd);
    refuses(null_fd);
    refuses(-1);
    (void)close(fd);
    (void)close(null_fd);
}
END_TEST

SKT_SUITE("memfd",
          a_sealed_file_is_read_and_never_changes,
          what_may_still_change_is_refused,
          an_empty_file_and_what_is_none_are_refused)
