/* log.c - one line per event on stderr; see log.h. */
#include "agent/sys/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 1024u
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

/* Append @message with the characters escaped that would end the string or the
 * line; both formats take the JSON escapes. */
static size_t put_escaped(char *line, size_t len, const char *message)
{
    for (; *message != '\0' && len + 8 < LINE_MAX_LEN; message++) {
        unsigned char c = (unsigned char)*message;

        if (c == '"' || c == '\\') {
            line[len++] = '\\';
            line[len++] = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            len += (size_t)snprintf(line + len, 7, "\\u%04x", c);
        } else {
            line[len++] = (char)c;
        }
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

void skd_log(enum skd_log_level level, const char *format, ...)
{
    bool json = atomic_load(&as_json);
    char message[MESSAGE_MAX];
    char line[LINE_MAX_LEN];
    size_t len;
    va_list args;

    if ((int)level < atomic_load(&least_level)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    len = put_head(line, json, level);
    len = put_escaped(line, len, message);
    line[len++] = '"';
    if (json) {
        line[len++] = '}';
    }
    line[len++] = '\n';
    /* A log that cannot be written must not stop the agent. */
    if (write(STDERR_FILENO, line, len) < 0) {
        return;
    }
}
