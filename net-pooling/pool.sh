#!/usr/bin/env bash
# Runs this module's JMH benchmarks, all of them or those that match: pool.sh TakeGiveBenchmark -prof gc
# pool.sh --only latency [seconds] shows what one slow endpoint of ten does to p99, by algorithm, over real connections.
# pool.sh --only redis compares the client of Redis with Lettuce and Jedis, which needs a redis-server and two CPUs.
# MVN_FLAGS=-o builds offline, SKIP_BUILD=1 not at all.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/.." && pwd)

find_jdk() {
    local home version
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [ -x "$home/bin/javac" ]; then
            version=$("$home/bin/java" -XshowSettings:properties -version 2>&1 |
                sed -n 's/^ *java.specification.version = //p')
            if [ "${version%%.*}" -ge 25 ] 2>/dev/null; then
                echo "$home"
                return
            fi
        fi
    done
    return 1
}

if ! jdk=$(find_jdk); then
    echo "$(basename "$0"): no JDK 25 or newer in JAVA_HOME or /usr/lib/jvm; install one, such as temurin-25-jdk" >&2
    exit 1
fi
if [ -z "${SKIP_BUILD:-}" ]; then
    (cd "$root" && mvn -q ${MVN_FLAGS:-} -pl net-pooling -am process-test-classes)
fi
run() {
    exec "$jdk/bin/java" --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
        --sun-misc-unsafe-memory-access=allow \
        -cp "$here/target/test-classes:$here/target/classes:$(cat "$here/target/classpath")" "$@"
}
if [ "${1:-} ${2:-}" = "--only redis" ]; then
    shift 2
    run io.solaster.pool.resp.RedisClients "$@"
fi
if [ "${1:-} ${2:-}" = "--only latency" ]; then
    shift 2
    run io.solaster.pool.upstream.BalanceLatency "$@"
fi
run org.openjdk.jmh.Main "$@"
