#!/usr/bin/env bash
# From the start of the process to the first PONG: the median of some runs.
#
#   ./startup-time.sh [-n RUNS] [--] COMMAND...
#
# COMMAND starts the demo, for instance: java -jar target/solaster-demo.jar
# The port is that of application.yml, or PORT.
set -euo pipefail

runs=5
while [[ ${1:-} == -* ]]; do
    case $1 in
        -n) runs=$2; shift 2 ;;
        --) shift; break ;;
        *) sed -n '2,7p' "$0" >&2; exit 2 ;;
    esac
done
(($# > 0)) || { sed -n '2,7p' "$0" >&2; exit 2; }
port=${PORT:-6380}

pong() {
    { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
    printf 'PING\r\n' >&3
    local answer
    IFS= read -r -t 5 answer <&3 || answer=
    exec 3>&- 3<&-
    [[ $answer == +PONG* ]]
}

if pong; then
    echo "something answers on port $port already" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
times=()
cpus=()
for ((run = 1; run <= runs; run++)); do
    started=$(date +%s%N)
    "$@" >"$log" 2>&1 &
    pid=$!
    until pong; do
        if ! kill -0 "$pid" 2>/dev/null; then
            cat "$log" >&2
            echo "it ended before it answered" >&2
            exit 1
        fi
        sleep 0.01
    done
    millis=$((($(date +%s%N) - started) / 1000000))
    # utime and stime in clock ticks, of which Linux has 100 a second.
    cpu=$(awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$pid/stat")
    times+=("$millis")
    cpus+=("$cpu")
    echo "run $run: $millis ms, of them on CPUs $cpu ms" >&2
    kill "$pid"
    wait "$pid" 2>/dev/null || true
done

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
echo "median of $runs: $(median "${times[@]}") ms to the first PONG, $(median "${cpus[@]}") ms of CPU time"
