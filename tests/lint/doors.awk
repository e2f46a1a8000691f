# doors.awk - each third-party library is included in the files named here only.
# Usage: awk -f doors.awk FILE...   Prints one line a violation; exits 1.
BEGIN {
    door["uv"]      = "^agent/(sys|serve|refresh|ops)/|^agent/config/file_watch\\.[ch]$|^agent/[a-z]+\\.[ch]$"
    door["curl"]    = "^agent/source/net/http[a-z_]*\\.[ch]$"
    door["msgpack"] = "^protocol/pack\\.c$"
    door["cjson"]   = "^agent/config/|^agent/source/coordinator[a-z_]*\\.[ch]$|^agent/sys/json_heap\\.[ch]$|^libclient/cli/"
    door["sodium"]  = "^protocol/|^agent/sys/arena\\.c$|^agent/store/"
    door["openssl"] = "^protocol/|^agent/source/net/"
    door["seccomp"] = "^agent/sys/"
    door["microhttpd"] = "^agent/ops/"
}

/^#include </ {
    file = FILENAME
    sub(/^\.\//, "", file)
    header = $2
    gsub(/[<>]/, "", header)
    library = header
    sub(/\/.*/, "", library)
    sub(/\.h$/, "", library)
    if ((library in door) && file !~ door[library]) {
        printf "%s:%d: <%s> has another door\n", file, FNR, header
        bad = 1
    }
}

END { exit bad }
