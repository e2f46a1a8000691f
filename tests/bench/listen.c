/* listen.c - see listen.h. */
#include "tests/bench/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int skb_listen(uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    struct sockaddr *where = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, where, len) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, where, &len) != 0) {
        (void)close(fd);
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}
