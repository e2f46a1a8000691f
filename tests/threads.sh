#!/bin/sh
# threads.sh - of the programs named, those that may start a thread: something
# that does so is linked into them, whether they use it or not.  In the others a
# sanitizer of threads has nothing to look at.
# Usage: threads.sh PROGRAM...
# Fails when there is none among them: then it has not looked right.
set -eu
found=
starts=' (pthread_create|thrd_create|uv_thread_create(_ex)?|uv_queue_work|uv_getaddrinfo|uv_getnameinfo|uv_random|uv_fs_[a-z]+|getaddrinfo_a|aio_[a-z]+|curl_[a-z_]+|MHD_start_daemon)(@|$)'

for program in "$@"; do
    symbols=$(nm -u "$program")
    if echo "$symbols" | grep -qE "$starts"; then
        found=yes
        echo "$program"
    fi
done
[ -n "$found" ]
