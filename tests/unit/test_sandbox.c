/* test_sandbox.c - suite of agent/sys/sandbox.c, in processes of their own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sys/hardening.h"
#include "agent/sys/sandbox.h"
#include "tests/lib/in_child.h"
#include "tests/lib/suite.h"

static const struct skd_landlock_path path = { "/usr", SKD_LANDLOCK_READ };

static bool can_run(void)
{
    if (!skd_sandbox_is_built() || getenv("SKT_VALGRIND") != NULL) {
        (void)printf("SKIPPED: this build makes system calls of its own\n");
        return false;
    }
    return true;
}

static enum skp_err enter(enum skd_sandbox_mode mode, struct skp_diag *diag)
{
    const struct skd_sandbox_rules rules = {
        .mode = mode, .reach = { .paths = &path, .n_paths = 1 }
    };

    return skd_sandbox_enter(&rules, diag);
}

/* Whether this kernel has all layers. */
static int check_required(void)
{
    struct skp_diag diag = { "" };

    SKT_CHILD(skd_hardening_apply(&diag) == SKP_ERR_OK);
    SKT_CHILD(enter(SKD_SANDBOX_REQUIRE, &diag) == SKP_ERR_OK);
    SKT_CHILD(skd_sandbox_has_files() && skd_sandbox_has_tcp());
    SKT_CHILD(skd_sandbox_missing()[0] == '\0');
    SKT_CHILD(strncmp(skd_sandbox_describe(), "landlock ", 9) == 0);
    SKT_CHILD(strstr(skd_sandbox_describe(), "tcp") != NULL);
    SKT_CHILD(strstr(skd_sandbox_describe(), ", seccomp, mdwe") != NULL);
    SKT_CHILD(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
    SKT_CHILD(open("/usr", O_RDONLY | O_CLOEXEC) >= 0);
    return 0;
}

/* The kernel's own rule, without the filter's. */
static int check_mdwe(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *data = mmap(NULL, page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct skp_diag diag = { "" };

    SKT_CHILD(data != MAP_FAILED);
    SKT_CHILD(skd_hardening_apply(&diag) == SKP_ERR_OK);
    SKT_CHILD(enter(SKD_SANDBOX_BEST_EFFORT, &diag) == SKP_ERR_OK);
    SKT_CHILD(mprotect(data, page, PROT_READ | PROT_EXEC) != 0 &&
              errno == EACCES);
    return 0;
}

static int check_off(void)
{
    struct skp_diag diag = { "" };

    SKT_CHILD(enter(SKD_SANDBOX_OFF, &diag) == SKP_ERR_OK);
    SKT_CHILD(strcmp(skd_sandbox_describe(), "off") == 0);
    SKT_CHILD(!skd_sandbox_has_files() && !skd_sandbox_has_tcp());
    SKT_CHILD(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    return 0;
}

/* Landlock is not to be had by a process that may gain privileges (the
 * hardening was left out) and has none.  The other layers are. */
static int check_missing(void)
{
    struct skp_diag diag = { "" };

    SKT_CHILD(geteuid() != 0 || setuid(65534) == 0);
    SKT_CHILD(enter(SKD_SANDBOX_BEST_EFFORT, &diag) == SKP_ERR_OK);
    SKT_CHILD(!skd_sandbox_has_files());
    SKT_CHILD(strstr(skd_sandbox_describe(), "landlock") == NULL);
    SKT_CHILD(strstr(skd_sandbox_describe(), "seccomp") != NULL);
    SKT_CHILD(strstr(skd_sandbox_missing(), "Landlock: ") != NULL);
    return 0;
}

static int check_refused(void)
{
    struct skp_diag diag = { "" };

    SKT_CHILD(geteuid() != 0 || setuid(65534) == 0);
    SKT_CHILD(enter(SKD_SANDBOX_REQUIRE, &diag) == SKP_ERR_FAILED_PRECONDITION);
    SKT_CHILD(strstr(diag.text, "sidekey.sandbox is \"require\": ") ==
              diag.text);
    return 0;
}

static void *wait_for_ever(void *argument)
{
    for (;;) {
        (void)pause();
    }
    return argument;
}

static int check_threaded(void)
{
    struct skp_diag diag = { "" };
    pthread_t thread;

    SKT_CHILD(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    (void)enter(SKD_SANDBOX_BEST_EFFORT, &diag);
    return 1;
}

/* Landlock would leave it as it is. */
START_TEST(to_enter_with_a_thread_running_is_a_mistake_of_ours)
{
    struct skt_child child;

    if (!can_run()) {
        return;
    }
    child = skt_in_child(check_threaded);
    ck_assert(WIFSIGNALED(child.status));
    ck_assert_int_eq(WTERMSIG(child.status), SIGABRT);
}
END_TEST

START_TEST(required_means_all_layers)
{
    if (!can_run()) {
        return;
    }
    if (skd_landlock_abi() < 4) {
        (void)printf("SKIPPED: the kernel has not all layers\n");
        return;
    }
    skt_child_ok(check_required);
}
END_TEST

START_TEST(memory_that_was_writable_does_not_become_executable)
{
    if (can_run()) {
        skt_child_ok(check_mdwe);
    }
}
END_TEST

START_TEST(off_is_off)
{
    skt_child_ok(check_off);
}
END_TEST

START_TEST(best_effort_names_what_is_missing_and_goes_on)
{
    if (can_run()) {
        skt_child_ok(check_missing);
    }
}
END_TEST

START_TEST(a_required_layer_that_is_missing_is_an_error_with_its_name)
{
    skt_child_ok(check_refused);
}
END_TEST

SKT_SUITE("sandbox",
          to_enter_with_a_thread_running_is_a_mistake_of_ours,
          required_means_all_layers,
          memory_that_was_writable_does_not_become_executable,
          off_is_off,
          best_effort_names_what_is_missing_and_goes_on,
          a_required_layer_that_is_missing_is_an_error_with_its_name)
