/* test_async_wire.c - a socket that never blocks, by its bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libclient/async_wire.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static int make_pair(struct skc_async_wire *wire)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    skc_async_wire_init(wire, fds[0]);
    return fds[1];
}

static void finish(struct skc_async_wire *wire, int fd)
{
    int dropped = skc_async_wire_drop(wire);

    ck_assert_int_ge(dropped, 0);
    ck_assert_int_eq(wire->fd, -1);
    ck_assert_int_eq(close(dropped), 0);
    ck_assert_int_eq(close(fd), 0);
    skc_async_wire_done(wire);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

START_TEST(two_messages_in_one_read_are_taken_one_by_one_and_wiped)
{
    struct skc_async_wire wire = { .fd = -1 };
    int fd = make_pair(&wire);
    struct skp_view bytes = skt_hex("9301a3616263c0940105c0c394");
    struct skp_view message;
    int kind;

    ck_assert_int_eq(send(fd, bytes.ptr, bytes.len, 0), (ssize_t)bytes.len);
    kind = (int)skc_async_wire_receive(&wire);
    ck_assert_int_eq(kind, SKC_ASYNC_READ_SOME);
    kind = (int)skc_async_wire_first(&wire, &message);
    ck_assert_int_eq(kind, SKP_FRAME_WHOLE);
    skt_bytes_eq(message, skt_hex("9301a3616263c0"));
    skc_async_wire_consume(&wire, message.len);
    ck_assert_ptr_null(memmem(wire.in.bytes, wire.in.cap, "abc", 3));
    kind = (int)skc_async_wire_first(&wire, &message);
    ck_assert_int_eq(kind, SKP_FRAME_WHOLE);
    skt_bytes_eq(message, skt_hex("940105c0c3"));
    skc_async_wire_consume(&wire, message.len);
    kind = (int)skc_async_wire_first(&wire, &message);
    ck_assert_int_eq(kind, SKP_FRAME_PARTIAL);
    kind = (int)skc_async_wire_receive(&wire);
    ck_assert_int_eq(kind, SKC_ASYNC_READ_NONE);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    kind = (int)skc_async_wire_receive(&wire);
    ck_assert_int_eq(kind, SKC_ASYNC_READ_END);
    finish(&wire, fd);
}
END_TEST

START_TEST(a_large_message_arrives_in_steps_over_a_bounded_buffer)
{
    struct skc_async_wire wire = { .fd = -1 };
    int fd = make_pair(&wire);
    static uint8_t bytes[200000];
    struct skp_view message = { NULL, 0 };

    /* [bin of 65536 bytes], three times */
    memset(bytes, 'x', sizeof bytes);
    for (size_t at = 0; at < 3 * 65542u; at += 65542u) {
        memcpy(bytes + at, "\x91\xc6\x00\x01\x00\x00", 6);
    }
    for (size_t sent = 0, taken = 0; taken < 3;) {
        size_t left = 3 * 65542u - sent;
        ssize_t n =
            send(fd, bytes + sent, left < 10007 ? left : 10007, MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        (void)skc_async_wire_receive(&wire);
        if (skc_async_wire_first(&wire, &message) == SKP_FRAME_WHOLE) {
            ck_assert_uint_eq(message.len, 65542);
            ck_assert_uint_eq(message.ptr[6], 'x');
            skc_async_wire_consume(&wire, message.len);
            taken++;
        }
    }
    ck_assert_uint_le(wire.in.cap, 256 * 1024);
    finish(&wire, fd);
}
END_TEST

START_TEST(sending_stops_at_a_full_socket_and_at_a_broken_one)
{
    struct skc_async_wire wire = { .fd = -1 };
    int fd = make_pair(&wire);
    static uint8_t bytes[1 << 20];
    struct skp_view all = { bytes, sizeof bytes };
    size_t sent = skc_async_wire_send(&wire, all);

    ck_assert_uint_gt(sent, 0);
    ck_assert_uint_le(sent, 262144);
    while (!wire.is_full) {
        sent += skc_async_wire_send(&wire, all);
    }
    ck_assert(!wire.is_cut);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_uint_eq(skc_async_wire_send(&wire, all), 0);
    ck_assert(wire.is_cut);
    ck_assert_uint_eq(skc_async_wire_send(&wire, all), 0);
    fd = skc_async_wire_drop(&wire);
    ck_assert_int_eq(close(fd), 0);
    ck_assert(!wire.is_cut && !wire.is_full);
    ck_assert_int_eq(skc_async_wire_drop(&wire), -1);
    skc_async_wire_done(&wire);
}
END_TEST

START_TEST(connecting_gives_a_socket_or_the_reason_at_once)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char folder[SKT_PATH_MAX];
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    int fds[64];
    size_t n = 0;

    ck_assert(skt_tempdir(folder));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/s",
                   folder);
    ck_assert_int_eq(skc_async_wire_connect(NULL, address.sun_path), -ENOENT);
    ck_assert_int_eq(bind(server, (const struct sockaddr *)&address,
                          (socklen_t)sizeof address),
                     0);
    ck_assert_int_eq(skc_async_wire_connect(NULL, address.sun_path),
                     -ECONNREFUSED);
    ck_assert_int_eq(listen(server, 1), 0);
    do {
        fds[n] = skc_async_wire_connect(NULL, address.sun_path);
        n++;
    } while (fds[n - 1] >= 0 && n < SKP_ARRAY_LEN(fds));
    /* A full backlog is an answer, too, and not a wait. */
    ck_assert_uint_gt(n, 1);
    ck_assert_int_eq(fds[n - 1], -EAGAIN);
    for (size_t i = 0; i + 1 < n; i++) {
        ck_assert_int_eq(close(fds[i]), 0);
    }
    ck_assert_int_eq(close(server), 0);
}
END_TEST

SKT_SUITE("async_wire",
          two_messages_in_one_read_are_taken_one_by_one_and_wiped,
          a_large_message_arrives_in_steps_over_a_bounded_buffer,
          sending_stops_at_a_full_socket_and_at_a_broken_one,
          connecting_gives_a_socket_or_the_reason_at_once)
