/* seccomp_report.c - what is said before a forbidden call ends the process; see
 * seccomp_report.h. */
#include "agent/sys/seccomp_report.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES     512
#define NAME_CAP  32
#define LINE_ROOM 160

/* Written before the filter is loaded, read by the signal handler, which may
 * call next to nothing. */
static struct {
    char names[NAMES][NAME_CAP];
    bool json;
} last_words;

static size_t put_text(char *line, size_t len, const char *text)
{
    while (*text != '\0' && len < LINE_ROOM - 1) {
        line[len++] = *text++;
    }
    return len;
}

static size_t put_number(char *line, size_t len, unsigned number)
{
    char digits[12];
    size_t at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put_text(line, len, digits + at);
}

static size_t put_name(char *line, size_t len, unsigned number)
{
    if (number >= NAMES || last_words.names[number][0] == '\0') {
        return len;
    }
    len = put_text(line, len, " (");
    len = put_text(line, len, last_words.names[number]);
    return put_text(line, len, ")");
}

/* Only what a signal handler may do: no log.h, no clock. */
static void on_forbidden(int signal_number, siginfo_t *info, void *context)
{
    char line[LINE_ROOM];
    unsigned number = (unsigned)info->si_syscall;
    size_t len =
        put_text(line, 0,
                 last_words.json ? "{\"level\":\"error\",\"msg\":\"sandbox: "
                                 : "level=error msg=\"sandbox: ");

    (void)context;
    len = put_text(line, len, "system call ");
    len = put_number(line, len, number);
    len = put_name(line, len, number);
    len = put_text(line, len, " is not allowed; stopping");
    len = put_text(line, len, last_words.json ? "\"}\n" : "\"\n");
    /* With nobody to tell it to, the signal must do.  The handler was for one
     * only: this one ends the process. */
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR) {
    }
    (void)raise(signal_number);
}

static void learn_names(bool json)
{
    last_words.json = json;
    for (int number = 0; number < NAMES; number++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

        if (name != NULL && strlen(name) < NAME_CAP) {
            memcpy(last_words.names[number], name, strlen(name) + 1);
        }
        free(name);
    }
}

bool skd_seccomp_report_install(bool json)
{
    struct sigaction action;

    learn_names(json);
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_forbidden;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND;
    return sigaction(SIGSYS, &action, NULL) == 0;
}
