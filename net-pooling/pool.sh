#!/usr/bin/env bash
# Runs this module's JMH benchmarks, all of them or those that match: pool.sh TakeGiveBenchmark -prof gc
# pool.sh --only latency [seconds] shows what one slow endpoint of ten does to p99, by algorithm, over real connections.
# pool.sh --only redis compares the client of Redis with Lettuce and Jedis, which needs a redis-server and two CPUs.
# MVN_FLAGS=-o builds offline, SKIP_BUILD=1 not at all.
set -euo pipefail
module=net-pooling
heap=
source "$(dirname "${BASH_SOURCE[0]}")/../reactor-engine/benchmarks/jdk.sh"
if [ "${1:-} ${2:-}" = "--only redis" ]; then
    shift 2
    run io.solaster.pool.resp.RedisClients "$@"
fi
if [ "${1:-} ${2:-}" = "--only latency" ]; then
    shift 2
    run io.solaster.pool.upstream.BalanceLatency "$@"
fi
run org.openjdk.jmh.Main "$@"
