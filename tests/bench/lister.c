/* lister.c - a Coordinator that has its pages ready; see lister.h. */
#include "tests/bench/lister.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/listen.h"

#define PAGES_MAX   64u
#define REQUEST_MAX 8192u

struct page {
    char *text;
    size_t len;
};

struct skb_lister {
    struct skb_list list;
    char url[128];
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of the pages and n_changes */
    struct page pages[PAGES_MAX];
    atomic_uint n_unchanged;
};

static void write_page(struct skb_lister *lister, size_t nth)
{
    struct page *page = &lister->pages[nth];
    FILE *out;

    free(page->text);
    out = open_memstream(&page->text, &page->len);
    if (out == NULL) {
        (void)fprintf(stderr, "bench: out of memory\n");
        abort();
    }
    skb_list_write(&lister->list, nth, out);
    (void)fclose(out);
}

/* ---- answers ------------------------------------------------------------ */

static bool send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return false;
        }
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* Only the last page ever changes. */
static void name_etag(const struct skb_lister *lister, size_t nth, char ret[64])
{
    bool is_last = nth + 1 == skb_list_pages(&lister->list);

    (void)snprintf(ret, 64, "\"%zu-%u\"", nth,
                   is_last ? lister->list.n_changes : 0);
}

static bool answer_page(struct skb_lister *lister, int fd, const char *request)
{
    const char *number = strchr(request, '-');
    size_t nth = number == NULL ? 0 : (size_t)strtoul(number + 1, NULL, 10);
    const struct page *page = &lister->pages[nth % PAGES_MAX];
    char etag[64];
    char head[256];
    bool is_sent;

    (void)pthread_mutex_lock(&lister->lock);
    name_etag(lister, nth, etag);
    if (strstr(request, etag) != NULL) {
        atomic_fetch_add(&lister->n_unchanged, 1);
        (void)snprintf(head, sizeof head,
                       "HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n", etag);
        is_sent = send_all(fd, head, strlen(head));
    } else {
        (void)snprintf(head, sizeof head,
                       "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
                       "ETag: %s\r\n\r\n",
                       page->len, etag);
        is_sent = send_all(fd, head, strlen(head)) &&
                  send_all(fd, page->text, page->len);
    }
    (void)pthread_mutex_unlock(&lister->lock);
    return is_sent;
}

/* Answer request after request until the client goes. */
static void serve(struct skb_lister *lister, int fd)
{
    char request[REQUEST_MAX + 1];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, request + len, REQUEST_MAX - len, 0);

        if (n <= 0) {
            return;
        }
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) {
            if (!answer_page(lister, fd, request)) {
                return;
            }
            len = 0;
        }
    }
}

static void *run(void *arg)
{
    struct skb_lister *lister = arg;

    for (;;) {
        int fd = accept4(lister->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) {
            return NULL;
        }
        serve(lister, fd);
        (void)close(fd);
    }
}

/* ---- public ------------------------------------------------------------- */

struct skb_lister *skb_lister_start(const struct skb_list *list)
{
    struct skb_lister *lister = calloc(1, sizeof *lister);
    uint16_t port = 0;

    if (lister == NULL || skb_list_pages(list) > PAGES_MAX) {
        free(lister);
        return NULL;
    }
    lister->list = *list;
    (void)pthread_mutex_init(&lister->lock, NULL);
    for (size_t i = 0; i < skb_list_pages(list); i++) {
        write_page(lister, i);
    }
    lister->fd = skb_listen(&port);
    (void)snprintf(lister->url, sizeof lister->url,
                   "http://127.0.0.1:%u/%.64s-0.json", (unsigned)port,
                   list->name);
    if (lister->fd < 0 ||
        pthread_create(&lister->thread, NULL, run, lister) != 0) {
        (void)fprintf(stderr, "bench: no Coordinator\n");
        abort();
    }
    return lister;
}

const char *skb_lister_url(const struct skb_lister *lister)
{
    return lister->url;
}

void skb_lister_change(struct skb_lister *lister)
{
    (void)pthread_mutex_lock(&lister->lock);
    lister->list.n_changes++;
    write_page(lister, skb_list_pages(&lister->list) - 1);
    (void)pthread_mutex_unlock(&lister->lock);
}

unsigned skb_lister_pages(const struct skb_lister *lister)
{
    return (unsigned)skb_list_pages(&lister->list);
}

unsigned skb_lister_unchanged(const struct skb_lister *lister)
{
    return atomic_load(&lister->n_unchanged);
}

void skb_lister_stop(struct skb_lister **lister)
{
    struct skb_lister *l = *lister;

    *lister = NULL;
    if (l == NULL) {
        return;
    }
    (void)shutdown(l->fd, SHUT_RDWR); /* accept returns */
    (void)pthread_join(l->thread, NULL);
    (void)close(l->fd);
    for (size_t i = 0; i < PAGES_MAX; i++) {
        free(l->pages[i].text);
    }
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}
