/* cli_screen.c - the whole terminal; see cli_screen.h. */
#include "libclient/cli/cli_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "libclient/deadline.h"

/* xterm's control sequences, which all terminals of today know: the alternate
 * screen, no cursor, and lines that are too long are cut instead of wrapped. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
/* These only end a wait. */
static const int waking[] = { SIGWINCH, SIGTSTP };

static struct {
    bool is_open;
    int in_fd;   /* -1: no terminal */
    int keys_fd; /* the same, until its end */
    int out_fd;
    struct termios former;
    struct sigaction former_ending[SKP_ARRAY_LEN(ending)];
    struct sigaction former_waking[SKP_ARRAY_LEN(waking)];
    sigset_t former_mask; /* also of waits */
} screen;

static volatile sig_atomic_t stop_wanted;

/* ---- in and out ---------------------------------------------------------- */

/* Safe in a signal handler. */
static void write_sequence(const char *sequence, size_t len)
{
    ssize_t n = write(screen.out_fd, sequence, len);

    (void)n; /* a terminal that is gone needs nothing back */
}

static void enter(void)
{
    struct termios raw = screen.former;

    if (screen.in_fd >= 0) {
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void)tcsetattr(screen.in_fd, TCSANOW, &raw);
    }
    write_sequence(ENTER, sizeof ENTER - 1);
}

/* Safe in a signal handler. */
static void leave(void)
{
    write_sequence(LEAVE, sizeof LEAVE - 1);
    if (screen.in_fd >= 0) {
        (void)tcsetattr(screen.in_fd, TCSANOW, &screen.former);
    }
}

/* ---- signals --------------------------------------------------------------
 */

/* All signals are blocked in here: raise takes effect on return, and a terminal
 * that is another job's now does not stop us. */
static void on_end(int number)
{
    struct sigaction action = { .sa_handler = SIG_DFL };

    leave();
    (void)sigaction(number, &action, NULL);
    (void)raise(number);
}

static void on_wake(int number)
{
    if (number == SIGTSTP) {
        stop_wanted = 1;
    }
}

static void take_signals(const int *numbers,
                         size_t n,
                         void (*handler)(int),
                         struct sigaction *former)
{
    struct sigaction action = { .sa_handler = handler };

    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < n; i++) {
        (void)sigaction(numbers[i], NULL, &former[i]);
        if (former[i].sa_handler != SIG_IGN) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}

static void
give_back(const int *numbers, size_t n, const struct sigaction *former)
{
    for (size_t i = 0; i < n; i++) {
        (void)sigaction(numbers[i], &former[i], NULL);
    }
}

void skc_screen_open(int in_fd, int out_fd)
{
    sigset_t set;

    stop_wanted = 0;
    screen.out_fd = out_fd;
    screen.in_fd = tcgetattr(in_fd, &screen.former) == 0 ? in_fd : -1;
    screen.keys_fd = screen.in_fd;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < SKP_ARRAY_LEN(waking); i++) {
        (void)sigaddset(&set, waking[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, &screen.former_mask);
    take_signals(waking, SKP_ARRAY_LEN(waking), on_wake, screen.former_waking);
    take_signals(ending, SKP_ARRAY_LEN(ending), on_end, screen.former_ending);
    screen.is_open = true;
    enter();
}

void skc_screen_close(void)
{
    if (!screen.is_open) {
        return;
    }
    screen.is_open = false;
    leave();
    give_back(ending, SKP_ARRAY_LEN(ending), screen.former_ending);
    give_back(waking, SKP_ARRAY_LEN(waking), screen.former_waking);
    (void)sigprocmask(SIG_SETMASK, &screen.former_mask, NULL);
}

/* ---- drawing --------------------------------------------------------------
 */

/* The length of the SGR sequence at @text; 0: there is none. */
static size_t sequence_len(const char *text)
{
    size_t len = 2;

    if (text[0] != '\033' || text[1] != '[') {
        return 0;
    }
    len += strspn(text + 2, "0123456789;");
    return text[len] == 'm' ? len + 1 : 0;
}

/* The line at @text, cut to @columns, all its colours with it; what follows the
 * line is returned. */
static const char *put_line(FILE *out, const char *text, unsigned columns)
{
    unsigned column = 0;
    bool has_room = true;

    while (*text != '\0' && *text != '\n') {
        size_t len = sequence_len(text);

        if (len > 0) {
            (void)fwrite(text, 1, len, out);
            text += len;
            continue;
        }
        /* The bytes of UTF-8 behind the first belong to it. */
        if (((unsigned char)*text & 0xc0u) != 0x80u) {
            has_room = column++ < columns;
        }
        if (has_room) {
            (void)fputc(*text, out);
        }
        text++;
    }
    return *text == '\n' ? text + 1 : text;
}

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; *text != '\0'; n++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return n;
}

char *skc_screen_frame(const char *text,
                       const char *hint,
                       unsigned rows,
                       unsigned columns,
                       size_t *ret_len)
{
    char *frame = NULL;
    FILE *out = open_memstream(&frame, ret_len);

    if (out == NULL) {
        return NULL;
    }
    (void)fputs("\033[H", out);
    for (unsigned row = 1; row < rows && *text != '\0'; row++) {
        (void)fputs("\033[K", out);
        text = put_line(out, text, columns);
        (void)fputs("\r\n", out);
    }
    (void)fputs("\033[J", out);
    if (*text == '\0') {
        (void)put_line(out, hint, columns);
    } else {
        char more[80];

        (void)snprintf(more, sizeof more, "%s; %u lines more", hint,
                       count_lines(text));
        (void)put_line(out, more, columns);
    }
    if (fclose(out) != 0) {
        free(frame);
        return NULL;
    }
    return frame;
}

static bool write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(screen.out_fd, bytes, len);

        if (n < 0 && errno == EAGAIN &&
            skc_deadline_wait(screen.out_fd, POLLOUT, SKC_NEVER) ==
                SKP_ERR_OK) {
            continue;
        }
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

bool skc_screen_draw(const char *text, const char *hint)
{
    struct winsize size = { 0 };
    size_t len = 0;
    char *frame;
    bool is_written;

    if (ioctl(screen.out_fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 ||
        size.ws_col == 0) {
        size.ws_row = 24;
        size.ws_col = 80;
    }
    frame = skc_screen_frame(text, hint, size.ws_row, size.ws_col, &len);
    is_written = frame != NULL && write_all(frame, len);
    free(frame);
    return is_written;
}

/* ---- waiting --------------------------------------------------------------
 */

/* As another program would: the terminal is the shell's until SIGCONT. */
static void stop_for_a_while(void)
{
    stop_wanted = 0;
    leave();
    (void)raise(SIGSTOP);
    enter();
}

/* True for q.  Without an end of input, which comes again and again. */
static bool read_keys(void)
{
    char keys[64];
    ssize_t n = read(screen.keys_fd, keys, sizeof keys);

    if (n <= 0) {
        screen.keys_fd = -1;
        return false;
    }
    return memchr(keys, 'q', (size_t)n) != NULL ||
           memchr(keys, 'Q', (size_t)n) != NULL;
}

enum skc_wake skc_screen_wait(uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd keys = { .fd = screen.keys_fd, .events = POLLIN };
        uint64_t left_ms = skc_deadline_left(deadline_ms);
        struct timespec left = { (time_t)(left_ms / 1000),
                                 (long)(left_ms % 1000) * 1000000 };
        int n = ppoll(&keys, 1, &left, &screen.former_mask);

        if (stop_wanted != 0) {
            stop_for_a_while();
        }
        if (n < 0) {
            return SKC_WAKE_REDRAW;
        }
        if (n == 0) {
            return SKC_WAKE_TIME;
        }
        if (read_keys()) {
            return SKC_WAKE_QUIT;
        }
    }
}
