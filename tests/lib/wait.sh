# shellcheck shell=sh
# wait.sh - what suites in sh wait for, and where servers of theirs listen; to be
# read with ".".

# A TCP port of loopback that nobody has.
free_port() {
    /usr/bin/python3 -c 'import random, socket
while True:
    port = random.randrange(12000, 32000) # the kernel gives none of these
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            break
        except OSError:
            pass
print(port)'
}

# await COMMAND...: until it succeeds, a minute at most.
await() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || return 1
        sleep 0.05
    done
}
