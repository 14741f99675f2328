#!/usr/bin/env bash
# Measures the load generator beside wrk and redis-benchmark: load.sh [ROUNDS [SECONDS]]. See ../load/README.md.
set -euo pipefail
rounds=${1:-5}
seconds=${2:-5}
if ! [[ $rounds =~ ^[1-9][0-9]?$ && $seconds =~ ^[1-9][0-9]?$ ]]; then
    echo "$rounds rounds of $seconds seconds: give 1 to 99 of each" >&2
    exit 2
fi
for tool in redis-server redis-benchmark wrk taskset; do
    command -v $tool >/dev/null || { echo "$tool is not installed (Debian: redis-server, redis-tools, wrk, util-linux)" >&2; exit 1; }
done
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
folder=$(mktemp -d)
server=(taskset -c 0)
client=(taskset -c 1)
redis=6397
http=6398
end() {
    [ -z "${redis_pid:-}" ] || kill "$redis_pid" 2>/dev/null || true
    exec 9>&- 2>/dev/null || true # the HTTP server ends with its input
    wait
    rm -rf "$folder"
}
trap end EXIT

"${server[@]}" redis-server --port $redis --save '' --bind 127.0.0.1 >/dev/null &
redis_pid=$!
mkfifo "$folder/input"
(run io.solaster.benchmarks.http.HttpHost solaster $http epoll <"$folder/input" >"$folder/http") &
http_pid=$!
exec 9>"$folder/input"
until grep -q ready "$folder/http" 2>/dev/null; do sleep 0.2; done
taskset -a -c -p 0 $http_pid >/dev/null

# What a command of the client's takes: microseconds of CPU, user and system, for each of $1 requests.
spent() { awk -v n="$1" '{print ($1 + $2) * 1e6 / n}' "$folder/time"; }
timed() { (
    TIMEFORMAT='%U %S'
    time "${client[@]}" "$@" >"$folder/out" 2>"$folder/err"
) 2>"$folder/time"; }
field() { sed -n "s/^ *\"$1\" : \([0-9.]*\),*/\1/p" "$folder/json" | head -1; }
# A run of ours; leaves its report, and the time of all of its process.
ours() {
    local warm=2s
    (
        heap=-Xmx512m
        TIMEFORMAT='%U %S'
        time (run io.solaster.load.command.Main "$@" --for "${seconds}s" --warm-up $warm --json "$folder/json" \
            >"$folder/out" 2>"$folder/err")
    ) 2>"$folder/time" || [ -s "$folder/json" ] || { cat "$folder/err" >&2; exit 1; }
}
cpu() { awk -v c="$(field cpuNanos)" -v n="$(field answered)" 'BEGIN {print c / n / 1000}'; }
note() { echo "$2" >>"$folder/figure.$1"; }
median() { sort -g "$folder/figure.$1" | awk '{a[NR] = $1} END {print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2}'; }

taskset -c -p 1 $$ >/dev/null
for ((round = 0; round <= rounds; round++)); do
    [ "$round" -gt 0 ] || echo "warming up" >&2
    [ "$round" -eq 0 ] || echo "round $round of $rounds" >&2
    timed wrk -t1 -c64 -d"$seconds" "http://127.0.0.1:$http/plaintext"
    theirs=$(spent "$(awk '/requests in/ {print $1}' "$folder/out")")
    ours "http://127.0.0.1:$http/plaintext" --closed --connections 64
    [ "$round" -eq 0 ] || { note http.wrk "$theirs"; note http.ours "$(cpu)"; }
    rate=$(awk -v n="$(field perSecond)" 'BEGIN {printf "%d", n / 2}')
    for spin in '' --spin; do
        ours "http://127.0.0.1:$http/plaintext" --rate "$rate" --poisson --connections 64 $spin
        [ "$round" -eq 0 ] || {
            note "rate" "$rate"
            note "open${spin:+.spin}.cpu" "$(cpu)"
            note "open${spin:+.spin}.p99" "$(sed -n '/latencyNanos/,/}/s/.*"p99" : \([0-9]*\).*/\1/p' "$folder/json" | awk '{print $1 / 1000}')"
            note "open${spin:+.spin}.late" "$(sed -n '/latenessNanos/,/}/s/.*"p99" : \([0-9]*\).*/\1/p' "$folder/json" | awk '{print $1 / 1000}')"
        }
    done
    for pipeline in 1 16; do
        ours "redis://127.0.0.1:$redis" --mix get --closed --connections 50 --pipeline $pipeline
        mine=$(cpu)
        count=$(awk -v n="$(field perSecond)" -v s="$seconds" 'BEGIN {printf "%d", n * s}')
        timed redis-benchmark -p $redis -t get -c 50 -P $pipeline -n "$count" -r 100000 -q
        [ "$round" -eq 0 ] || { note "resp$pipeline.theirs" "$(spent "$count")"; note "resp$pipeline.ours" "$mine"; }
    done
done
row() { printf '| %s | %.2f µs | %.2f µs | %.2f |\n' "$1" "$2" "$3" "$(awk -v a="$3" -v b="$2" 'BEGIN {print a / b}')"; }
printf '\n| generator CPU a request | theirs | ours | ratio |\n|---|---|---|---|\n'
row "HTTP, 64 connections, beside wrk" "$(median http.wrk)" "$(median http.ours)"
row "GET, 50 connections, beside redis-benchmark" "$(median resp1.theirs)" "$(median resp1.ours)"
row "GET, pipeline of 16, beside redis-benchmark" "$(median resp16.theirs)" "$(median resp16.ours)"
printf '\n| open loop, HTTP, %.0f/s | CPU a request | p99 | lateness p99 |\n|---|---|---|---|\n' "$(median rate)"
printf '| shards that sleep | %.2f µs | %.0f µs | %.1f µs |\n' "$(median open.cpu)" "$(median open.p99)" "$(median open.late)"
printf '| shards that spin | - | %.0f µs | %.1f µs |\n' "$(median open.spin.p99)" "$(median open.spin.late)"
