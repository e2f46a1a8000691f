/* cli_progress.c - a line that moves; see cli_progress.h. */
#include "libclient/cli/cli_progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libclient/cli/cli_text.h"
#include "libclient/deadline.h"

#define DRAW_EVERY_MS 100u
#define LINE_MAX_LEN  256u
#define NAME_COLUMNS  24u
#define BAR_COLUMNS   20u
#define DEFAULT_WIDTH 80u

static void print_amount(enum skc_progress_unit unit,
                         uint64_t n,
                         char ret[SKC_TEXT_SPAN_MAX])
{
    if (unit == SKC_PROGRESS_BYTES) {
        skc_cli_text_size(n, ret);
    } else {
        (void)snprintf(ret, SKC_TEXT_SPAN_MAX, "%" PRIu64, n);
    }
}

/* Share in thousandths; a total of 0 is done. */
static unsigned count_permille(const struct skc_cli_progress *progress)
{
    double share;

    if (progress->done >= progress->total) {
        return 1000;
    }
    share = (double)progress->done / (double)progress->total;
    return (unsigned)(share * 1000);
}

static void print_bar(unsigned permille, char ret[BAR_COLUMNS + 1])
{
    unsigned n = permille * BAR_COLUMNS / 1000;

    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        ret[i] = i < n ? '#' : ' ';
    }
    ret[BAR_COLUMNS] = '\0';
}

/* The end of a long name says more than its beginning. */
static const char *shorten(const char *name)
{
    size_t len = strlen(name);

    return len > NAME_COLUMNS ? name + len - NAME_COLUMNS : name;
}

void skc_cli_progress_line(const struct skc_cli_progress *progress,
                           uint64_t elapsed_ms,
                           unsigned columns,
                           char *ret,
                           size_t cap)
{
    const char *what = progress->unit == SKC_PROGRESS_BYTES ? "" : " files";
    double rate = elapsed_ms == 0
                      ? 0
                      : (double)progress->done * 1000 / (double)elapsed_ms;
    char done[SKC_TEXT_SPAN_MAX];
    char total[SKC_TEXT_SPAN_MAX];
    char speed[SKC_TEXT_SPAN_MAX];
    char left[SKC_TEXT_SPAN_MAX] = "?";
    char bar[BAR_COLUMNS + 1];

    print_amount(progress->unit, progress->done, done);
    print_amount(progress->unit, (uint64_t)rate, speed);
    if (progress->total == UINT64_MAX) {
        (void)snprintf(ret, cap, "%s  %s%s, %s/s", shorten(progress->name),
                       done, what, speed);
    } else {
        print_amount(progress->unit, progress->total, total);
        print_bar(count_permille(progress), bar);
        if (progress->done >= progress->total) {
            skc_cli_text_span(0, left);
        } else if (rate > 0) {
            skc_cli_text_span(
                (int64_t)((double)(progress->total - progress->done) / rate) +
                    1,
                left);
        }
        (void)snprintf(ret, cap, "%s %3u%% [%s] %s of %s%s, %s/s, %s left",
                       shorten(progress->name), count_permille(progress) / 10,
                       bar, done, total, what, speed, left);
    }
    if (columns < cap) {
        ret[columns] = '\0';
    }
    for (char *c = ret; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* a file's name must not steer the terminal */
        }
    }
}

static unsigned count_columns(FILE *file)
{
    struct winsize size = { 0 };

    if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col < 2) {
        return DEFAULT_WIDTH - 1;
    }
    return size.ws_col - 1u; /* the last column makes some terminals wrap */
}

static void draw(struct skc_cli_progress *progress, uint64_t now_ms)
{
    char line[LINE_MAX_LEN];
    unsigned len;

    skc_cli_progress_line(progress, now_ms - progress->started_ms,
                          count_columns(progress->file), line, sizeof line);
    len = (unsigned)strlen(line);
    (void)fprintf(progress->file, "\r%s%*s", line,
                  progress->shown > len ? (int)(progress->shown - len) : 0, "");
    (void)fflush(progress->file);
    progress->shown = progress->shown > len ? progress->shown : len;
    progress->drawn_ms = now_ms;
}

void skc_cli_progress_begin(struct skc_cli_progress *progress,
                            const struct skc_cli *cli,
                            enum skc_progress_unit unit,
                            const char *name,
                            uint64_t total)
{
    *progress = (struct skc_cli_progress){
        .unit = unit,
        .name = name,
        .total = total,
        .started_ms = skc_deadline_now_ms(),
    };
    if (!cli->args.quiet && isatty(fileno(cli->streams.err)) == 1) {
        progress->file = cli->streams.err;
        draw(progress, progress->started_ms);
    }
}

void skc_cli_progress_add(struct skc_cli_progress *progress, uint64_t n)
{
    uint64_t now_ms;

    progress->done += n;
    if (progress->file == NULL) {
        return;
    }
    now_ms = skc_deadline_now_ms();
    if (progress->shown == 0 || progress->done >= progress->total ||
        now_ms - progress->drawn_ms >= DRAW_EVERY_MS) {
        draw(progress, now_ms);
    }
}

void skc_cli_progress_hide(struct skc_cli_progress *progress)
{
    if (progress->shown > 0) {
        (void)fprintf(progress->file, "\r%*s\r", (int)progress->shown, "");
        (void)fflush(progress->file);
    }
    progress->shown = 0;
}
