#!/usr/bin/env bash
# Tells what CPU a running server on this machine spends on a request: cpu.sh URL [CONNECTIONS [SECONDS]].
# Run it once with each server, e.g. before and after 'solaster.web.server: solaster', and compare. Needs wrk and ss.
# Latency is another matter: this asks as fast as answers come, and sends nothing while the server stands still. For that,
# offer half of the rate that this prints: java -jar reactor-engine/load/target/solaster-load.jar URL --rate RATE
set -euo pipefail
url=${1:?cpu.sh URL [CONNECTIONS [SECONDS]], e.g. cpu.sh http://localhost:8080/hello}
connections=${2:-64}
seconds=${3:-10}
if ! [[ $url =~ ^https?://(localhost|127\.[0-9.]+|\[::1\]):([0-9]+)(/|$) ]]; then
    echo "$url: only a server on this machine can be measured; give http://localhost:PORT/PATH" >&2
    exit 2
fi
port=${BASH_REMATCH[2]}
if ! [[ $connections =~ ^[1-9][0-9]{0,3}$ && $seconds =~ ^[1-9][0-9]{0,2}$ ]]; then
    echo "$connections connections for $seconds seconds: give 1 to 9999 and 1 to 999" >&2
    exit 2
fi
pid=$(ss -Hltnp "sport = :$port" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | sort -u)
if ! [[ $pid =~ ^[0-9]+$ ]]; then
    echo "port $port: ${pid:-nobody listens there, or it is not yours to see}" | tr '\n' ' ' >&2
    exit 1
fi

# User and system time in clock ticks: the 14th and 15th field, after a name that may hold blanks.
ticks() { sed 's/.*) //' "/proc/$pid/stat" | awk '{print $12, $13}'; }

wrk -t1 -c"$connections" -d5 "$url" >/dev/null # until it is compiled
read -r user system < <(ticks)
report=$(wrk -t1 -c"$connections" -d"$seconds" "$url")
read -r user2 system2 < <(ticks)
if grep -E 'Non-2xx|Socket errors' <<<"$report" >&2; then
    echo "$url: the figures would be those of errors" >&2
    exit 1
fi
requests=$(awk '/requests in/ {print $1}' <<<"$report")
awk -v n="$requests" -v u=$((user2 - user)) -v s=$((system2 - system)) -v hz="$(getconf CLK_TCK)" -v t="$seconds" 'BEGIN {
        us = 1e6 / hz / n
        printf "%.1f us of CPU a request (%.1f user, %.1f system), %.0f requests/s\n", (u + s) * us, u * us, s * us, n / t
    }'
