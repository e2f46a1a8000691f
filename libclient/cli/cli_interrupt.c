/* cli_interrupt.c - signals and temporary files; see cli_interrupt.h. */
#include "libclient/cli/cli_interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

/* Written with the signals blocked only. */
static char guarded[PATH_MAX];
static struct sigaction former[SKP_ARRAY_LEN(numbers)];

static volatile sig_atomic_t asked;

static sigset_t block(void)
{
    sigset_t set;
    sigset_t old;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < SKP_ARRAY_LEN(numbers); i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)sigemptyset(&old);
    (void)sigprocmask(SIG_BLOCK, &set, &old);
    return old;
}

static void unblock(const sigset_t *old)
{
    int saved = errno;

    (void)sigprocmask(SIG_SETMASK, old, NULL);
    errno = saved;
}

/* The signal is blocked in here, so that raise takes effect on return. */
static void on_end(int number)
{
    struct sigaction action = { .sa_handler = SIG_DFL };

    (void)unlink(guarded);
    (void)sigaction(number, &action, NULL);
    (void)raise(number);
}

static void on_ask(int number)
{
    asked = number;
}

static void take_signals(void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SKP_ARRAY_LEN(numbers); i++) {
        (void)sigaction(numbers[i], NULL, &former[i]);
        if (former[i].sa_handler != SIG_IGN) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}

static void give_signals_back(void)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(numbers); i++) {
        (void)sigaction(numbers[i], &former[i], NULL);
    }
}

/* ---- temporary files ------------------------------------------------------
 */

int skc_cli_interrupt_make(char *name)
{
    sigset_t old = block();
    int fd = mkostemp(name, O_CLOEXEC);

    if (fd >= 0 && guarded[0] == '\0') {
        (void)snprintf(guarded, sizeof guarded, "%s", name);
        take_signals(on_end, 0);
    }
    unblock(&old);
    return fd;
}

static void stop_guarding(void)
{
    if (guarded[0] != '\0') {
        guarded[0] = '\0';
        give_signals_back();
    }
}

/* File systems without the flag have link, which does not overwrite either;
 * those without both cannot say for sure. */
static int move(const char *name, const char *to, bool overwrite)
{
    int code;

    if (overwrite) {
        return rename(name, to);
    }
    code = renameat2(AT_FDCWD, name, AT_FDCWD, to, RENAME_NOREPLACE);
    if (code != 0 && (errno == EINVAL || errno == ENOSYS)) {
        code = link(name, to);
        if (code == 0) {
            (void)unlink(name);
        }
    }
    return code;
}

int skc_cli_interrupt_move(const char *name, const char *to, bool overwrite)
{
    sigset_t old = block();
    int code = move(name, to, overwrite);

    if (code == 0) {
        stop_guarding();
    }
    unblock(&old);
    return code;
}

void skc_cli_interrupt_release(void)
{
    sigset_t old = block();

    stop_guarding();
    unblock(&old);
}

/* ---- loops ----------------------------------------------------------------
 */

void skc_cli_interrupt_watch(void)
{
    asked = 0;
    take_signals(on_ask, (int)SA_RESETHAND);
}

int skc_cli_interrupt_asked(void)
{
    return (int)asked;
}

int skc_cli_interrupt_unwatch(void)
{
    give_signals_back();
    return (int)asked;
}
