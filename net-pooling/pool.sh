#!/usr/bin/env bash
# Runs this module's JMH benchmarks, all of them or those that match: pool.sh TakeGiveBenchmark -prof gc
# pool.sh --only latency [seconds [rounds [all]]] shows what one slow endpoint of ten does to p99 over real connections, by
# peak-ewma and round-robin, or all algorithms that go by load.
# pool.sh --only redis compares the client of Redis with Lettuce and Jedis, which needs a redis-server and two CPUs.
# pool.sh --only kill [algorithm] kills one of three endpoints under 20,000 GETs a second, with retries and without.
# MVN_FLAGS=-o builds offline, SKIP_BUILD=1 not at all.
set -euo pipefail
module=net-pooling
heap=
# The one that needs the load generator lives where both are at hand.
if [ "${1:-} ${2:-}" = "--only latency" ]; then
    module=demo-service
fi
source "$(dirname "${BASH_SOURCE[0]}")/../reactor-engine/benchmarks/jdk.sh"
if [ "${1:-} ${2:-}" = "--only redis" ]; then
    shift 2
    run io.solaster.pool.resp.RedisClients "$@"
fi
if [ "${1:-} ${2:-}" = "--only kill" ]; then
    shift 2
    run -Dlog.level=ERROR io.solaster.pool.resp.KillOne "$@"
fi
if [ "${1:-} ${2:-}" = "--only latency" ]; then
    shift 2
    run -Dlogback.configurationFile="$root/net-pooling/src/test/resources/logback-test.xml" -Dlog.level=ERROR \
        io.solaster.demo.BalanceLatency "$@"
fi
run org.openjdk.jmh.Main "$@"
