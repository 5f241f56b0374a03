# Completions of promptctl for bash.

_promptctl() {
    # bash ends a word at `@`, `=` and `:`, so that name@v1 comes as three words. They are joined
    # again here, and what bash keeps as it stands is cut from the answers: all before `@`, and
    # all up to `=` or `:`.
    local line=${COMP_LINE:0:COMP_POINT} index=-1 gap word i
    local words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${line%%[![:blank:]]*}
        line=${line#"$gap"}
        word=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$line
        if ((i > 0)) && [[ -z $gap ]]; then
            words[index]+=$word
        else
            words[++index]=$word
        fi
        line=${line#"$word"}
    done
    local breaks=${COMP_WORDBREAKS//[!@=:]/} current=${words[index]} taken=
    [[ -n $breaks ]] && taken=${current%"${current##*[$breaks]}"}
    taken=${taken%@}

    local IFS=$'\013' space=true
    compopt +o nospace 2>/dev/null && space=false
    COMPREPLY=($(
        _CLAP_IFS="$IFS" \
            _CLAP_COMPLETE_INDEX="$index" \
            _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
            _CLAP_COMPLETE_SPACE="$space" \
            COMPLETE=bash \
            promptctl -- "${words[@]}"
    ))
    if [[ $? != 0 ]]; then
        unset COMPREPLY
        return
    fi
    COMPREPLY=("${COMPREPLY[@]#"$taken"}")
    if [[ $space == false && ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}

if ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))); then
    complete -o nospace -o bashdefault -o nosort -F _promptctl promptctl
else
    complete -o nospace -o bashdefault -F _promptctl promptctl
fi
