# sidekey.bash - completion of sidekey for bash.  Generated: make docs.
# Offers those of the words that begin with what is typed.  Not by compgen -W,
# which would expand what stands in a tenant's name.
_sidekey_words() {
    local word
    for word in "$@"; do
        [[ $word != "$cur"* ]] || COMPREPLY+=("$(printf '%q' "$word")")
    done
}
_sidekey_files() {
    local word
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}
# Asks the agent, for a second at most; none when it does not answer.
_sidekey_tenants() {
    local ids
    mapfile -t ids < <(timeout 2 "$program" ${socket:+--socket "$socket"} --quiet --timeout 1s tenants 2>/dev/null | awk '{ print $1 }')
    _sidekey_words "${ids[@]}"
}

_sidekey() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local program=$1 command='' verb='' operand='' socket='' option n_words=0 i
    local options=(--socket --timeout -q --quiet -h --help --version)
    COMPREPLY=()
    # COMP_WORDBREAKS makes a word of the = in --name=value.
    [[ $cur != '=' ]] || cur=''
    [[ $prev != '=' ]] || prev=${COMP_WORDS[COMP_CWORD - 2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --socket|--timeout|-i|--input|-o|--output|--aad|--suite|--range|--tenant|--compare|--interval|--count|--config|--secret|--key-file|--expect-last|--reason)
            option=${COMP_WORDS[i]}
            [[ ${COMP_WORDS[++i]} != '=' ]] || ((++i))
            [[ $option != --socket ]] || socket=${COMP_WORDS[i]}
            ;;
        -*) ;;
        *)
            if [[ -z $command ]]; then
                command=${COMP_WORDS[i]}
            elif ((n_words++ == 0)); then
                verb=${COMP_WORDS[i]}
            fi
            ;;
        esac
    done
    case $prev in
    --socket|-i|--input|-o|--output|--compare|--config|--secret|--key-file) _sidekey_files ;;
    --timeout|--aad|--range|--interval|--count|--expect-last) : ;;
    --suite) _sidekey_words 1 2 x25519-hpke-aes256gcm ;;
    --tenant) _sidekey_tenants ;;
    --reason) _sidekey_words unspecified key-compromise superseded cessation-of-operation ;;
    *)
        case $command in
        '') operand='_sidekey_words pubkey encrypt decrypt inspect rewrap tenants fingerprint status top refresh forget health doctor keygen audit kms help' ;;
        pubkey)
            options=(--socket --timeout -q --quiet -h --help --json)
            case $n_words in
            0) operand=_sidekey_tenants ;;
            esac
            ;;
        encrypt)
            options=(--socket --timeout -q --quiet -h --help -i --input -o --output -f --force --aad --suite --raw)
            case $n_words in
            0) operand=_sidekey_tenants ;;
            *) operand=_sidekey_files ;;
            esac
            ;;
        decrypt)
            options=(--socket --timeout -q --quiet -h --help -i --input -o --output -f --force --aad --suite --raw --any-suite --range)
            case $n_words in
            0) operand=_sidekey_tenants ;;
            *) operand=_sidekey_files ;;
            esac
            ;;
        inspect)
            options=(--socket --timeout -q --quiet -h --help --json --tenant)
            case $n_words in
            *) operand=_sidekey_files ;;
            esac
            ;;
        rewrap)
            options=(--socket --timeout -q --quiet -h --help --json -r --recursive --all-file-systems)
            case $n_words in
            0) operand=_sidekey_tenants ;;
            *) operand=_sidekey_files ;;
            esac
            ;;
        tenants)
            options=(--socket --timeout -q --quiet -h --help --json)
            ;;
        fingerprint)
            options=(--socket --timeout -q --quiet -h --help --json --compare)
            ;;
        status)
            options=(--socket --timeout -q --quiet -h --help --json)
            ;;
        top)
            options=(--socket --timeout -q --quiet -h --help --interval --count)
            ;;
        refresh)
            options=(--socket --timeout -q --quiet -h --help --accept-removals)
            ;;
        forget)
            options=(--socket --timeout -q --quiet -h --help)
            case $n_words in
            0) operand=_sidekey_tenants ;;
            esac
            ;;
        health)
            options=(--socket --timeout -q --quiet -h --help --live)
            ;;
        doctor)
            options=(--socket --timeout -q --quiet -h --help --config --secret --tenant)
            ;;
        keygen)
            options=(--socket --timeout -q --quiet -h --help -o --output -f --force)
            ;;
        audit)
            options=(--socket --timeout -q --quiet -h --help --key-file --expect-last)
            case $n_words in
            0) operand='_sidekey_words verify' ;;
            *) operand=_sidekey_files ;;
            esac
            ;;
        kms)
            options=(--socket --timeout -q --quiet -h --help --json -i --input --config --secret --generate --pre-active --reason)
            case $n_words in
            0) operand='_sidekey_words put activate get-attributes revoke destroy list info' ;;
            1) operand=_sidekey_tenants; [[ $verb != @(list|info) ]] || operand='' ;;
            esac
            ;;
        help)
            options=()
            case $n_words in
            0) operand='_sidekey_words pubkey encrypt decrypt inspect rewrap tenants fingerprint status top refresh forget health doctor keygen audit kms' ;;
            esac
            ;;
        esac
        if [[ $cur == -* ]]; then _sidekey_words "${options[@]}"; else $operand; fi
        ;;
    esac
}
complete -F _sidekey sidekey
