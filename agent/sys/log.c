/* log.c - one line per event on stderr; see log.h. */
#include "agent/sys/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/sys/repeats.h"

#define MESSAGE_MAX SKD_REPEATS_TEXT_MAX
/* Every byte of a message may become a six-character JSON escape. */
#define LINE_MAX_LEN (6u * MESSAGE_MAX + 128u)

static atomic_int least_level = SKD_LOG_INFO;
static atomic_bool as_json;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void skd_log_configure(enum skd_log_level least, bool json)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&as_json, json);
}

/* How many bytes the character at @text has in UTF-8 (RFC 3629), when it is one
 * that may be shown as it is: no control character; else 0. */
static size_t measure_character(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = { { 0x80, 0x00, 0x20 },
                  { 0xe0, 0xc0, 0xa0 },
                  { 0xf0, 0xe0, 0x800 },
                  { 0xf8, 0xf0, 0x10000 } };

    for (size_t i = 0; i < SKP_ARRAY_LEN(forms); i++) {
        uint32_t point = text[0] & (unsigned char)~forms[i].mask;

        if ((text[0] & forms[i].mask) != forms[i].lead) {
            continue;
        }
        for (size_t j = 1; j <= i; j++) {
            if ((text[j] & 0xc0) != 0x80) {
                return 0;
            }
            point = point << 6 | (text[j] & 0x3f);
        }
        return point < forms[i].least || point == 0x7f || point > 0x10ffff ||
                       (point >= 0xd800 && point < 0xe000)
                   ? 0
                   : i + 1;
    }
    return 0;
}

/* Append @message with the characters escaped that would end the string or the
 * line, and bytes that are no character; both formats take the JSON escapes. */
static size_t put_escaped(char *line, size_t len, const char *message)
{
    while (*message != '\0' && len + 8 < LINE_MAX_LEN) {
        unsigned char c = (unsigned char)*message;
        size_t width = measure_character((const unsigned char *)message);

        if (c == '"' || c == '\\') {
            line[len++] = '\\';
        }
        if (width == 0) {
            len += (size_t)snprintf(line + len, 7, "\\u%04x", c);
            width = 1;
        } else {
            memcpy(line + len, message, width);
            len += width;
        }
        message += width;
    }
    return len;
}

static size_t put_head(char *line, bool json, enum skd_log_level level)
{
    struct timespec now = { 0, 0 };
    struct tm utc;
    char when[32];
    int len;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    len = snprintf(line, LINE_MAX_LEN,
                   json ? "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"msg\":\""
                        : "time=%s.%03ldZ level=%s msg=\"",
                   when, now.tv_nsec / 1000000, level_names[level]);
    return (size_t)len;
}

/* A log that cannot be written must not stop the agent. */
static void write_line(enum skd_log_level level, const char *message)
{
    bool json = atomic_load(&as_json);
    char line[LINE_MAX_LEN];
    size_t len = put_head(line, json, level);

    len = put_escaped(line, len, message);
    line[len++] = '"';
    if (json) {
        line[len++] = '}';
    }
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0) {
        return;
    }
}

/* ---- what comes again and again ----------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct skd_repeats repeats; /* under the lock */

static uint64_t get_now_ms(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* One line that is owed, if there is one; the lock is held for the looking up
 * only, so that a slow reader of the log holds up nobody but the writer. */
static bool flush_one(bool all)
{
    struct skd_repeat repeat;
    char message[MESSAGE_MAX];
    bool is_owed;

    (void)pthread_mutex_lock(&lock);
    is_owed = skd_repeats_take(&repeats, get_now_ms(), all, &repeat);
    (void)pthread_mutex_unlock(&lock);
    if (is_owed) {
        (void)snprintf(message, sizeof message,
                       "repeated %" PRIu64 " times more within %u s: %.960s",
                       repeat.n_silent, SKD_REPEATS_WINDOW_MS / 1000u,
                       repeat.text);
        write_line((enum skd_log_level)repeat.level, message);
    }
    return is_owed;
}

void skd_log_flush(bool all)
{
    while (flush_one(all)) {
    }
}

void skd_log(enum skd_log_level level, const char *format, ...)
{
    char message[MESSAGE_MAX];
    bool is_admitted;
    va_list args;

    if ((int)level < atomic_load(&least_level)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    skd_log_flush(false);
    (void)pthread_mutex_lock(&lock);
    is_admitted =
        skd_repeats_admit(&repeats, (int)level, message, get_now_ms());
    (void)pthread_mutex_unlock(&lock);
    if (is_admitted) {
        write_line(level, message);
    }
}
