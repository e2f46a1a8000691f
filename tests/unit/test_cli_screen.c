/* test_cli_screen.c - the whole terminal: frames, and a child on a
 * pseudo-terminal whose screen and modes are looked at from the other end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "libclient/cli/cli_screen.h"
#include "libclient/deadline.h"
#include "tests/lib/suite.h"

#define ENTER   "\033[?1049h\033[?25l\033[?7l"
#define LEAVE   "\033[?7h\033[?25h\033[?1049l"
#define WAIT_MS 60000u

/* ---- frames ------------------------------------------------------------- */

static void check_frame(const char *text,
                        unsigned rows,
                        unsigned columns,
                        const char *expected)
{
    size_t len = 0;
    char *frame = skc_screen_frame(text, "q quits", rows, columns, &len);

    ck_assert_ptr_nonnull(frame);
    ck_assert_str_eq(frame, expected);
    ck_assert_uint_eq(len, strlen(expected));
    free(frame);
}

START_TEST(a_frame_that_fits_is_drawn_whole_and_the_rest_cleared)
{
    check_frame("one\ntwo\n", 10, 10,
                "\033[H\033[Kone\r\n\033[Ktwo\r\n\033[Jq quits");
    check_frame("", 10, 10, "\033[H\033[Jq quits");
}
END_TEST

START_TEST(lines_that_do_not_fit_are_counted)
{
    check_frame("one\ntwo\nthree\n", 2, 30,
                "\033[H\033[Kone\r\n\033[Jq quits; 2 lines more");
    check_frame("one\ntwo\n", 1, 30, "\033[H\033[Jq quits; 2 lines more");
}
END_TEST

START_TEST(long_lines_are_cut_and_keep_their_colours)
{
    check_frame("abcdef\n", 10, 4, "\033[H\033[Kabcd\r\n\033[Jq qu");
    check_frame("ab\033[31mcd\033[0mef\033[33mgh\033[0m\n", 10, 3,
                "\033[H\033[Kab\033[31mc\033[0m\033[33m\033[0m\r\n\033[Jq q");
}
END_TEST

START_TEST(a_letter_of_several_bytes_takes_one_column_and_is_not_torn)
{
    check_frame("\xc3\xa4\xc3\xb6\xc3\xbc\n", 10, 2,
                "\033[H\033[K\xc3\xa4\xc3\xb6\r\n\033[Jq ");
}
END_TEST

/* ---- a terminal --------------------------------------------------------- */

static int ours = -1;
static char theirs[64];
static char seen[65536];
static size_t seen_len;
static size_t checked_len; /* what expect has gone past */

static void open_terminal(void)
{
    struct winsize size = { .ws_row = 5, .ws_col = 20 };

    ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(ours, 0);
    ck_assert_int_eq(grantpt(ours), 0);
    ck_assert_int_eq(unlockpt(ours), 0);
    ck_assert_int_eq(ptsname_r(ours, theirs, sizeof theirs), 0);
    ck_assert_int_eq(ioctl(ours, TIOCSWINSZ, &size), 0);
}

/* Read on until @words are there, behind those of the time before. */
static void expect(const char *words)
{
    uint64_t until_ms = skc_deadline_after(WAIT_MS);
    const char *at;

    while ((at = strstr(seen + checked_len, words)) == NULL) {
        ssize_t n;

        ck_assert_msg(skc_deadline_wait(ours, POLLIN, until_ms) == SKP_ERR_OK,
                      "no \"%s\" in \"%s\"", words, seen + checked_len);
        n = read(ours, seen + seen_len, sizeof seen - 1 - seen_len);
        ck_assert_msg(n > 0, "no \"%s\" in \"%s\"", words, seen + checked_len);
        seen_len += (size_t)n;
        seen[seen_len] = '\0';
    }
    checked_len = (size_t)(at - seen) + strlen(words);
}

/* The child's part: draw how often it has woken, until q. */
static void draw_until_quit(int fd)
{
    enum skc_wake wake = SKC_WAKE_TIME;
    unsigned n = 0;

    skc_screen_open(fd, fd);
    do {
        struct winsize size = { 0 };
        char text[64];

        (void)ioctl(fd, TIOCGWINSZ, &size);
        (void)snprintf(text, sizeof text, "frame %u of %u\n", n++, size.ws_row);
        if (!skc_screen_draw(text, "q quits")) {
            _exit(2);
        }
        wake = skc_screen_wait(skc_deadline_after(WAIT_MS));
    } while (wake == SKC_WAKE_REDRAW);
    skc_screen_close();
    _exit(wake == SKC_WAKE_QUIT ? 0 : 3);
}

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static pid_t start_child(int ignored)
{
    pid_t pid;

    open_terminal();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int fd;

        /* A test that fails leaves nobody behind, and SIGQUIT no core. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)setsid();
        /* What a shell runs in the background ignores some of them. */
        for (size_t i = 0; i < SKP_ARRAY_LEN(ending); i++) {
            (void)signal(ending[i], ending[i] == ignored ? SIG_IGN : SIG_DFL);
        }
        fd = open(theirs, O_RDWR);
        draw_until_quit(fd);
    }
    return pid;
}

static struct termios modes(void)
{
    struct termios ret;

    ck_assert_int_eq(tcgetattr(ours, &ret), 0);
    return ret;
}

static bool is_raw(void)
{
    return (modes().c_lflag & (tcflag_t)(ICANON | ECHO)) == 0;
}

/* Between frames keys are not shown, and afterwards all is as before. */
static int finish(pid_t pid)
{
    int status = 0;

    expect(LEAVE);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(!is_raw());
    (void)close(ours);
    return status;
}

START_TEST(q_gives_the_terminal_back)
{
    pid_t pid = start_child(0);
    int status;

    expect(ENTER);
    expect("frame 0 of 5");
    ck_assert(is_raw());
    ck_assert_int_eq(write(ours, "xq", 2), 2);
    status = finish(pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(another_size_of_the_window_is_drawn_at_once)
{
    struct winsize size = { .ws_row = 9, .ws_col = 20 };
    pid_t pid = start_child(0);

    expect("frame 0 of 5");
    ck_assert_int_eq(ioctl(ours, TIOCSWINSZ, &size), 0);
    expect("frame 1 of 9");
    ck_assert_int_eq(write(ours, "q", 1), 1);
    (void)finish(pid);
}
END_TEST

START_TEST(a_signal_that_ends_gives_the_terminal_back_first)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(ending); i++) {
        pid_t pid = start_child(0);
        int status;

        expect("frame 0");
        ck_assert(is_raw());
        ck_assert_int_eq(kill(pid, ending[i]), 0);
        status = finish(pid);
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), ending[i]);
    }
}
END_TEST

START_TEST(a_signal_that_was_ignored_stays_ignored)
{
    pid_t pid = start_child(SIGHUP);
    int status;

    expect("frame 0");
    ck_assert_int_eq(kill(pid, SIGHUP), 0);
    ck_assert_int_eq(write(ours, "q", 1), 1);
    status = finish(pid);
    ck_assert(WIFEXITED(status));
}
END_TEST

START_TEST(a_stop_gives_the_terminal_back_for_a_while)
{
    pid_t pid = start_child(0);
    int status = 0;

    expect("frame 0");
    ck_assert_int_eq(kill(pid, SIGTSTP), 0);
    expect(LEAVE);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    ck_assert(!is_raw());
    ck_assert_int_eq(kill(pid, SIGCONT), 0);
    expect(ENTER);
    expect("frame 1");
    ck_assert(is_raw());
    ck_assert_int_eq(write(ours, "q", 1), 1);
    status = finish(pid);
    ck_assert(WIFEXITED(status));
}
END_TEST

START_TEST(a_wait_without_keys_ends_in_time)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    skc_screen_open(null, null);
    ck_assert_int_eq(skc_screen_wait(skc_deadline_after(20)), SKC_WAKE_TIME);
    ck_assert(skc_screen_draw("text\n", "q quits"));
    skc_screen_close();
    skc_screen_close();
    (void)close(null);
}
END_TEST

SKT_SUITE("cli_screen",
          a_frame_that_fits_is_drawn_whole_and_the_rest_cleared,
          lines_that_do_not_fit_are_counted,
          long_lines_are_cut_and_keep_their_colours,
          a_letter_of_several_bytes_takes_one_column_and_is_not_torn,
          q_gives_the_terminal_back,
          another_size_of_the_window_is_drawn_at_once,
          a_signal_that_ends_gives_the_terminal_back_first,
          a_signal_that_was_ignored_stays_ignored,
          a_stop_gives_the_terminal_back_for_a_while,
          a_wait_without_keys_ends_in_time)
