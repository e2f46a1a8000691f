# sidekeyd.bash - completion of sidekeyd for bash.  Generated: make docs.
# Offers those of the words that begin with what is typed.  Not by compgen -W,
# which would expand what stands in a tenant's name.
_sidekeyd_words() {
    local word
    for word in "$@"; do
        [[ $word != "$cur"* ]] || COMPREPLY+=("$(printf '%q' "$word")")
    done
}
_sidekeyd_files() {
    local word
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}

_sidekeyd() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $prev in
    --config|--secret|--socket) _sidekeyd_files ;;
    *) _sidekeyd_words --config --secret --socket --dev --supervise --check-config --strict -h --help -V --version ;;
    esac
}
complete -F _sidekeyd sidekeyd
