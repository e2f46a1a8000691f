/* coordinator_visits.c - the pages of a list; see coordinator_visits.h. */
#include "agent/source/coordinator_visits.h"

#include <stdlib.h>
#include <string.h>

void skd_visits_drop(struct skd_visits *visits)
{
    while (visits->first != NULL) {
        struct skd_visit *next = visits->first->next;

        free(visits->first);
        visits->first = next;
    }
    *visits = (struct skd_visits){ NULL, NULL, 0 };
}

enum skp_err
skd_visits_add(struct skd_visits *visits, const char *url, const char *etag)
{
    size_t url_len = strlen(url) + 1;
    size_t etag_len = strlen(etag) + 1;
    struct skd_visit *visit = malloc(sizeof *visit + url_len + etag_len);

    if (visit == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    visit->next = NULL;
    visit->etag = visit->url + url_len;
    memcpy(visit->url, url, url_len);
    memcpy(visit->url + url_len, etag, etag_len);
    if (visits->last == NULL) {
        visits->first = visit;
    } else {
        visits->last->next = visit;
    }
    visits->last = visit;
    visits->n++;
    return SKP_ERR_OK;
}

size_t skd_visits_find(const struct skd_visits *visits, const char *url)
{
    const struct skd_visit *visit = visits->first;

    for (size_t number = 1; visit != NULL; number++) {
        if (strcmp(visit->url, url) == 0) {
            return number;
        }
        visit = visit->next;
    }
    return 0;
}

bool skd_visits_have_etags(const struct skd_visits *visits)
{
    const struct skd_visit *visit = visits->first;

    for (; visit != NULL; visit = visit->next) {
        if (visit->etag[0] == '\0') {
            return false;
        }
    }
    return visits->n > 0;
}
