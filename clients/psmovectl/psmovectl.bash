# Completion of psmovectl in bash: verbs, options, and the controllers that psmoved knows now.

_psmovectl_controllers() {
    # Numbers and names; nothing where no daemon answers. Names come as JSON strings.
    psmovectl "$@" list --json 2>/dev/null |
        grep -oE '"(number":[0-9]+|name":"([^"\\]|\\.)*")' |
        sed -E 's/^"number":([0-9]+)$/\1/; s/^"name":"(.*)"$/\1/; s/\\(.)/\1/g'
    echo all
}

_psmovectl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verbs='list show watch led rumble cue limit pwm extension reset calibrate pair unpair import adapters name companion forget diagnostics sim
        token status'
    local verb= which= what= words= url=() i
    COMPREPLY=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --url) url+=(--url "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            --token) url+=(--token "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            --cacert | --fingerprint) url+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            --scope | --fade | --for | --effect | --period | --priority | --lease | --rate | --coverage | --timeout | --in | --at | --window) ((i++)) ;;
            -*) ;;
            *) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; elif [[ -z $which ]]; then which=1; else what=${COMP_WORDS[i]}; fi ;;
        esac
    done

    case $previous in
        --effect) words='blink pulse rainbow candle' ;;
        --fade | --for | --in | --window | --period | --lease | --timeout) words='500ms 1s 2s 5s' ;;
        --scope) words='read outputs admin' ;;
        --url) words='http://localhost:6683 https://localhost:6683 unix:/run/psmoved/psmoved.sock' ;;
        --priority | --rate | --coverage | --token | --fingerprint | --at) return ;;
        --cacert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi

    if [[ $current == -* ]]; then
        words='--json --url --token --cacert --fingerprint --help'
        case $verb in
            led) words+=' --fade --for --effect --period --priority --lease --in --at' ;;
            rumble) words+=' --for --priority --lease --in --at' ;;
            cue) words+=' --in --at --fade --for --priority' ;;
            limit) words+=' --window' ;;
            extension) words+=' --for' ;;
            reset) words+=' --undo' ;;
            watch) words+=' --rate --ascii' ;;
            pair) words+=' --adapter --allow-unbonded --disconnect-others --host-address --list --no-wait --without-restart' ;;
            unpair) words+=' --all' ;;
            token) words+=' --scope --save' ;;
            status) words+=' --watch' ;;
            calibrate) words+=' --coverage --timeout --ascii --forget' ;;
            '') words+=' --version' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi

    case $verb:$which in
        :*) words=$verbs ;;
        list:* | status:*) ;;
        token:) words='create request list refuse revoke' ;;
        cue:) words='set show cancel list' ;;
        cue:*)
            [[ ${COMP_WORDS[*]} =~ ' show '|' cancel ' ]] &&
                words=$(psmovectl "${url[@]}" cue list --json 2>/dev/null | grep -oE '"id":"[^"]+' | cut -d'"' -f4) ;;
        token:*)
            [[ ${COMP_WORDS[*]} == *' revoke '* ]] &&
                words=$(psmovectl "${url[@]}" token list 2>/dev/null | grep -oE '^[0-9a-f]{16}') ;;
        import:*) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        *: | companion:1)
            # Names may have spaces: one candidate per line, quoted for the shell.
            local candidate
            while IFS= read -r candidate; do
                [[ $candidate == "$current"* ]] && COMPREPLY+=("$(printf '%q' "$candidate")")
            done < <(_psmovectl_controllers "${url[@]}")
            [[ $verb:$which == companion:1 && none == "$current"* ]] && COMPREPLY+=(none)
            return
            ;;
        led:1) words='red orange yellow green cyan blue purple hotpink white off clear' ;;
        rumble:1) words='0 80 120 255 off clear' ;;
        limit:1) words='10% 30% 50% off default' ;;
        pwm:1) words='20000 188000' ;;
        extension:1) if [[ -z $what ]]; then words=rumble; else words='0 80 120 255 off'; fi ;;
        sim:1)
            words='motion=still motion=wave motion=figure8 motion=tumble buttons= trigger= battery= link=up
                   link=down loss= magnetometer=normal magnetometer=absent magnetometer=disturbed
                   extension=sharp_shooter extension=racing_wheel extension=unknown extension=none controls= stick='
            # The shell splits words at "=": the key is before it, and what is typed behind it.
            local key=
            [[ $current == = ]] && key=$previous
            [[ $previous == = ]] && key=${COMP_WORDS[COMP_CWORD - 2]}
            case $key in
                motion) words='still wave figure8 tumble' ;;
                link) words='up down' ;;
                magnetometer) words='normal absent disturbed' ;;
                extension) words='sharp_shooter racing_wheel unknown none' ;;
                controls)
                    words='weapon:1 weapon:2 weapon:3 trigger:yes reload:yes pump:yes throttle:1 l2:1 r2:1
                           left_paddle:yes right_paddle:yes' ;;
                buttons) words='select start triangle circle cross square ps move t none' ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "$words" -- "${current#=}")
            [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
            return
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _psmovectl psmovectl
