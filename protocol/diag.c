/* diag.c - words for the operator; see diag.h. */
#include "protocol/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Server texts reach logs through here: no control character may pass. */
static void blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

enum skp_err
skp_fail(struct skp_diag *diag, enum skp_err err, const char *format, ...)
{
    va_list args;

    if (diag == NULL) {
        return err;
    }
    va_start(args, format);
    (void)vsnprintf(diag->text, sizeof diag->text, format, args);
    va_end(args);
    blank_controls(diag->text);
    return err;
}

enum skp_err
skp_prefix(struct skp_diag *diag, enum skp_err err, const char *format, ...)
{
    char prefix[SKP_DIAG_MAX];
    char whole[2 * SKP_DIAG_MAX + 2];
    va_list args;

    if (diag == NULL) {
        return err;
    }
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    (void)snprintf(whole, sizeof whole, "%s: %s", prefix, diag->text);
    whole[SKP_DIAG_MAX - 1] = '\0';
    memcpy(diag->text, whole, strlen(whole) + 1);
    blank_controls(diag->text);
    return err;
}
