/* echo.c - a peer to measure against; see echo.h. */
#include "tests/bench/echo.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define INPUT_LEN  ((size_t)256 * 1024)
#define OUTPUT_LEN ((size_t)256 * 1024)

struct echo {
    uv_loop_t loop;
    uv_pipe_t listener;
    size_t request_len;
    size_t answer_len;
    char input[INPUT_LEN];
    char output[OUTPUT_LEN];
};

struct peer {
    uv_pipe_t pipe;
    struct echo *echo;
    size_t partial; /* bytes of the request that has begun */
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct peer *peer = handle->data;

    (void)suggested;
    *ret = uv_buf_init(peer->echo->input, INPUT_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct peer *peer = stream->data;
    struct echo *echo = peer->echo;
    uv_buf_t out = uv_buf_init(echo->output, 0);
    size_t there;

    (void)buf;
    if (nread < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    there = peer->partial + (size_t)nread;
    out.len = there / echo->request_len * echo->answer_len;
    peer->partial = there % echo->request_len;
    /* Its clients have few requests in flight, so all of it fits. */
    if (out.len > OUTPUT_LEN ||
        (out.len > 0 && uv_try_write(stream, &out, 1) != (int)out.len)) {
        abort();
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct echo *echo = listener->data;
    struct peer *peer = calloc(1, sizeof *peer);

    if (status != 0 || peer == NULL) {
        abort();
    }
    peer->echo = echo;
    peer->pipe.data = peer;
    (void)uv_pipe_init(&echo->loop, &peer->pipe, 0);
    if (uv_accept(listener, (uv_stream_t *)&peer->pipe) != 0) {
        abort();
    }
    (void)uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read);
}

int skb_echo_run(const char *path, size_t request_len, size_t answer_len)
{
    struct echo *echo = calloc(1, sizeof *echo);

    if (echo == NULL || uv_loop_init(&echo->loop) != 0) {
        return 1;
    }
    echo->request_len = request_len;
    echo->answer_len = answer_len;
    memset(echo->output, 'a', OUTPUT_LEN);
    (void)uv_pipe_init(&echo->loop, &echo->listener, 0);
    echo->listener.data = echo;
    if (uv_pipe_bind(&echo->listener, path) != 0 ||
        uv_listen((uv_stream_t *)&echo->listener, 64, on_connection) != 0) {
        return 1;
    }
    (void)uv_run(&echo->loop, UV_RUN_DEFAULT);
    return 0;
}
