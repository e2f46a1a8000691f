# layers.awk - which folder may include which; the table in CONTRIBUTING.md.
# Usage: awk -f layers.awk FILE...   Prints one line a violation; exits 1.
BEGIN {
    may["protocol"]      = "protocol"
    may["agent/sys"]     = "protocol agent/sys"
    may["agent/config"]  = "protocol agent/sys agent/config"
    may["agent/source"]  = "protocol agent/sys agent/config agent/source"
    may["agent/store"]   = "protocol agent/sys agent/store"
    may["agent/refresh"] = "protocol agent/sys agent/config agent/source agent/store agent/refresh"
    may["agent/serve"]   = "protocol agent/sys agent/config agent/store agent/serve"
    may["agent/ops"]     = "protocol agent/sys agent/config agent/store agent/ops"
    may["agent"]         = "protocol agent/sys agent/config agent/source agent/store agent/refresh agent/serve agent/ops agent"
    may["libclient"]     = "protocol libclient"
    # The named exceptions: `sidekey kms` provisions a key server, and `sidekey
    # doctor` tries the servers, with the agent's own clients and configuration.
    only["libclient/cli/kms.c"] = "protocol libclient agent/sys agent/config agent/source"
    only["libclient/cli/doctor_parts.h"] = "protocol libclient agent/config"
    only["libclient/cli/doctor_coordinator.c"] = "protocol libclient agent/config agent/source"
    only["libclient/cli/doctor_kmip.c"] = "protocol libclient agent/config agent/source"
    only["libclient/cli/doctor.c"] = "protocol libclient agent/sys agent/config"
    # store takes from sys the arena only: it knows neither libuv nor the clock.
    ban["agent/store"] = "agent/sys/env.h agent/sys/log.h agent/sys/notify.h agent/sys/hardening.h"
}

function layer_of(path) {
    # Public headers include one another as they are installed: side by side.
    if (path !~ /\//) {
        return path ~ /^sidekey[a-z_]*\.h$/ ? "libclient" : path
    }
    if (path ~ /^agent\/[^\/]+\//) {
        split(path, part, "/")
        return part[1] "/" part[2]
    }
    split(path, part, "/")
    return part[1]
}

function has(list, word) {
    return index(" " list " ", " " word " ") > 0
}

/^#include "/ {
    target = $2
    gsub(/"/, "", target)
    file = FILENAME
    sub(/^\.\//, "", file)
    from = layer_of(file)
    to = layer_of(target)
    allowed = (file in only) ? only[file] : may[from]
    if (allowed == "") {
        next
    }
    if (!has(allowed, to) || ((from in ban) && has(ban[from], target))) {
        printf "%s:%d: %s may not include %s\n", file, FNR, from, target
        bad = 1
    }
}

END { exit bad }
