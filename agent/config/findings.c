/* findings.c - the list of everything that is wrong; see findings.h. */
#include "agent/config/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_CAP 1001u
/* A broken template can break a hundred thousand keys; nobody reads more than
 * this, and each line costs a copy of the text so far. */
#define LINES_MAX 1000u

void skd_findings_done(struct skd_findings *findings)
{
    free(findings->errors);
    free(findings->warnings);
    *findings = (struct skd_findings){ NULL, 0, NULL, 0 };
}

/* Names of files and keys come from outside: one finding stays one line. */
static void blank_controls(char *line)
{
    for (; *line != '\0'; line++) {
        if ((unsigned char)*line < 0x20 || *line == 0x7f) {
            *line = '?';
        }
    }
}

/* Write "FILE:LINE: PATH: " and return how long it is. */
static size_t write_place(char line[LINE_CAP], const struct skd_place *place)
{
    int len;

    if (place->line == 0) {
        len = snprintf(line, LINE_CAP, "%s: ", place->file);
    } else if (place->path == NULL) {
        len = snprintf(line, LINE_CAP, "%s:%u: ", place->file, place->line);
    } else {
        len = snprintf(line, LINE_CAP, "%s:%u: %s: ", place->file, place->line,
                       place->path);
    }
    if (len < 0) {
        return 0;
    }
    return (size_t)len < LINE_CAP ? (size_t)len : LINE_CAP - 1;
}

/* Append the @nth finding of its kind, from 1. */
static enum skp_err append_line(char **text, size_t nth, const char *line)
{
    size_t old_len = *text == NULL ? 0 : strlen(*text);
    size_t len;
    char *grown;

    if (nth > LINES_MAX + 1) {
        return SKP_ERR_OK;
    }
    if (nth == LINES_MAX + 1) {
        line = "and more, which are only counted";
    }
    len = strlen(line);
    grown = realloc(*text, old_len + len + 2);
    if (grown == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    memcpy(grown + old_len, line, len);
    memcpy(grown + old_len + len, "\n", 2);
    *text = grown;
    return SKP_ERR_OK;
}

enum skp_err skd_findings_add(struct skd_findings *findings,
                              bool is_error,
                              const struct skd_place *place,
                              const char *format,
                              va_list args)
{
    char line[LINE_CAP];
    size_t len = write_place(line, place);

    /* The analyzer does not follow va_start through the callers.
     * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(line + len, sizeof line - len, format, args);
    blank_controls(line);
    if (is_error) {
        findings->n_errors++;
        return append_line(&findings->errors, findings->n_errors, line);
    }
    findings->n_warnings++;
    return append_line(&findings->warnings, findings->n_warnings, line);
}

enum skp_err skd_findings_add_error(struct skd_findings *findings,
                                    const struct skd_place *place,
                                    const char *format,
                                    ...)
{
    va_list args;
    enum skp_err err;

    va_start(args, format);
    err = skd_findings_add(findings, true, place, format, args);
    va_end(args);
    return err;
}

enum skp_err skd_findings_add_warning(struct skd_findings *findings,
                                      const struct skd_place *place,
                                      const char *format,
                                      ...)
{
    va_list args;
    enum skp_err err;

    va_start(args, format);
    err = skd_findings_add(findings, false, place, format, args);
    va_end(args);
    return err;
}
